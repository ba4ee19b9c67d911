-- Messages. topic_num 0 is the group's own stream. sender is empty and random NULL in a stored notice, whose body is
-- the event; the body of a message is its JSON as pushed. state: 0 there, 1 deleted, 2 recalled. quiet 1: not unread.
CREATE TABLE streams (
  group_num BIGINT NOT NULL,
  topic_num BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  sender {text} NOT NULL,
  random BIGINT,
  state INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  quiet INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (group_num, topic_num, seq)
) {clustered};
INSERT INTO streams SELECT group_num, 0, seq, at, '', NULL, 0, 0, 0, body FROM messages;
DROP TABLE messages;
ALTER TABLE streams RENAME TO messages;
CREATE INDEX messages_by_random ON messages (group_num, topic_num, random) WHERE random IS NOT NULL;
CREATE INDEX messages_quiet ON messages (group_num, topic_num, seq) WHERE quiet = 1;
-- Of all streams, by time: the messages of an hour, and those that are past keeping. Notices go with the messages.
CREATE INDEX messages_by_time ON messages (at, group_num, topic_num, seq) WHERE random IS NOT NULL;
-- from_seq: the first seq after joining; what came before is seen where the group's history is open. cleared_seq: up to
-- here nothing is shown, to one member or, in groups and topics, to anybody.
ALTER TABLE members ADD COLUMN from_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN cleared_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE topic_members ADD COLUMN cleared_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE groups ADD COLUMN cleared_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE topics ADD COLUMN cleared_seq BIGINT NOT NULL DEFAULT 0;
-- imported_seq of a group or topic: what was imported up to here counts as read by every member; of a member: up to
-- this import his own read_seq counts, set to say how much of it he has not read.
ALTER TABLE groups ADD COLUMN imported_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE topics ADD COLUMN imported_seq BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN imported_seq BIGINT NOT NULL DEFAULT 0;
-- Streams with rows that are still to be removed, a little at a time: all of them where the group (topic_num -1) or the
-- topic is gone, else those up to cleared_seq.
CREATE TABLE doomed (
  group_num BIGINT NOT NULL,
  topic_num BIGINT NOT NULL,
  PRIMARY KEY (group_num, topic_num)
) {clustered};
CREATE TABLE hidden_messages (
  user_id {text} NOT NULL,
  group_num BIGINT NOT NULL,
  topic_num BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (user_id, group_num, topic_num, seq)
) {clustered};
CREATE INDEX hidden_messages_by_message ON hidden_messages (group_num, topic_num, seq);
-- Who has read a message that asked for receipts.
CREATE TABLE receipts (
  group_num BIGINT NOT NULL,
  topic_num BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  user_id {text} NOT NULL,
  PRIMARY KEY (group_num, topic_num, seq, user_id)
) {clustered};
-- What hangs on one message: owner is g:<group_num>:<topic_num>:<seq>, or c:<num> of a one-to-one message.
CREATE TABLE extensions (
  owner {text} NOT NULL,
  name {text} NOT NULL,
  value TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (owner, name)
) {clustered};
CREATE TABLE extension_versions (
  owner {text} PRIMARY KEY,
  latest BIGINT NOT NULL,
  cleared BIGINT NOT NULL,
  minute BIGINT NOT NULL,
  writes INTEGER NOT NULL
) {clustered};
CREATE TABLE reactions (
  owner {text} NOT NULL,
  reaction {text} NOT NULL,
  user_id {text} NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (owner, reaction, user_id)
) {clustered};
CREATE TABLE pinned_messages (
  group_num BIGINT NOT NULL,
  topic_num BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  user_id {text} NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (group_num, topic_num, seq)
) {clustered};
-- One-to-one messages: low and high are the two users in the order of their ids, num the order of arrival in the app.
-- hidden: bit 1 the low one deleted his copy, bit 2 the high one.
CREATE TABLE c2c_messages (
  low {text} NOT NULL,
  high {text} NOT NULL,
  at BIGINT NOT NULL,
  msg_seq BIGINT NOT NULL,
  random BIGINT NOT NULL,
  num BIGINT NOT NULL,
  from_low INTEGER NOT NULL,
  state INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  quiet INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (low, high, at, msg_seq, random)
) {clustered};
CREATE INDEX c2c_messages_by_num ON c2c_messages (low, high, num);
CREATE INDEX c2c_messages_by_random ON c2c_messages (low, high, random, at, from_low);
-- A user's conversations: sort 1 with a user, 2 with a group or topic (there is a row only where he changed something).
-- last_num, read_num and hidden_num are numbers of one-to-one messages, or seqs of a group's stream. The conversation is
-- out of sight up to hidden_num, which he wanted at hidden_at. changed_at: when its marks or conversation groups last
-- changed, 0 where it never had any.
CREATE TABLE contacts (
  user_id {text} NOT NULL,
  sort INTEGER NOT NULL,
  peer {text} NOT NULL,
  last_num BIGINT NOT NULL,
  at BIGINT NOT NULL,
  read_num BIGINT NOT NULL,
  hidden_num BIGINT NOT NULL,
  top_at BIGINT NOT NULL,
  marks BIGINT NOT NULL,
  custom_mark TEXT NOT NULL,
  msg_flag INTEGER NOT NULL,
  hidden_at BIGINT NOT NULL DEFAULT 0,
  changed_at BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (user_id, sort, peer)
) {clustered};
CREATE INDEX contacts_by_num ON contacts (user_id, sort, last_num);
CREATE INDEX contacts_by_time ON contacts (user_id, sort, at, peer);
CREATE INDEX contacts_pinned ON contacts (user_id) WHERE top_at > 0;
CREATE INDEX contacts_marked ON contacts (user_id, sort, peer) WHERE changed_at > 0;
CREATE TABLE contact_groups (
  user_id {text} NOT NULL,
  num BIGINT NOT NULL,
  name {text} NOT NULL,
  PRIMARY KEY (user_id, num)
) {clustered};
CREATE TABLE contact_group_items (
  user_id {text} NOT NULL,
  num BIGINT NOT NULL,
  sort INTEGER NOT NULL,
  peer {text} NOT NULL,
  PRIMARY KEY (user_id, num, sort, peer)
) {clustered};
-- Users who may not send anywhere in the app, until when.
CREATE TABLE silenced (
  user_id {text} PRIMARY KEY,
  c2c_until BIGINT NOT NULL,
  group_until BIGINT NOT NULL
) {clustered};
-- Files with all messages of one hour: sort 1 one-to-one, 2 groups. uuid is empty where there was no message.
CREATE TABLE archives (
  sort INTEGER NOT NULL,
  hour BIGINT NOT NULL,
  uuid {text} NOT NULL,
  size BIGINT NOT NULL,
  md5 {text} NOT NULL,
  gzip_size BIGINT NOT NULL,
  gzip_md5 {text} NOT NULL,
  PRIMARY KEY (sort, hour)
) {clustered};
CREATE INDEX c2c_messages_by_time ON c2c_messages (at, low, high, msg_seq, random);
-- How all of a user's messages reach him: every day from start_of_day on (seconds after midnight), or once from start_at.
CREATE TABLE receive_options (
  user_id {text} NOT NULL PRIMARY KEY,
  msg_flag INTEGER NOT NULL,
  start_of_day INTEGER NOT NULL,
  start_at BIGINT NOT NULL,
  seconds BIGINT NOT NULL
) {clustered};
