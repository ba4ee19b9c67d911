-- One app: accounts, groups, members, message streams, counters and the outbox.
CREATE TABLE accounts (
  user_id {text} PRIMARY KEY,
  nick TEXT NOT NULL,
  face_url TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_before BIGINT NOT NULL
) {clustered};
-- Kept small: only who was revoked since ever is looked up at start.
CREATE INDEX accounts_revoked ON accounts (revoked_before) WHERE revoked_before > 0;
CREATE TABLE deleted_accounts (user_id {text} PRIMARY KEY, at BIGINT NOT NULL) {clustered};
-- num is never used twice, so rows of other tables cannot fall to a later group.
CREATE TABLE groups (
  num {serial},
  group_id {text} NOT NULL UNIQUE,
  kind_name TEXT NOT NULL,
  name TEXT NOT NULL,
  introduction TEXT NOT NULL,
  notification TEXT NOT NULL,
  face_url TEXT NOT NULL,
  owner TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  info_seq BIGINT NOT NULL,
  info_at BIGINT NOT NULL,
  last_msg_at BIGINT NOT NULL,
  next_seq BIGINT NOT NULL,
  member_num BIGINT NOT NULL,
  max_member_num BIGINT NOT NULL,
  apply_join TEXT NOT NULL,
  invite_join TEXT NOT NULL,
  mute_all INTEGER NOT NULL,
  custom TEXT NOT NULL,
  support_topic INTEGER NOT NULL,
  enable_permission INTEGER NOT NULL,
  default_permission BIGINT NOT NULL,
  history_before_join INTEGER NOT NULL,
  active INTEGER NOT NULL
);
CREATE INDEX groups_by_kind ON groups (kind_name, num);
-- Live rooms have no member rows that would lead from an owner to his rooms.
CREATE INDEX groups_live_owner ON groups (owner) WHERE kind_name = 'AVChatRoom';
CREATE TABLE members (
  group_num BIGINT NOT NULL,
  user_id {text} NOT NULL,
  role INTEGER NOT NULL,
  joined_at BIGINT NOT NULL,
  read_seq BIGINT NOT NULL,
  msg_flag INTEGER NOT NULL,
  name_card TEXT NOT NULL,
  mute_until BIGINT NOT NULL,
  last_msg_at BIGINT NOT NULL,
  custom TEXT NOT NULL,
  PRIMARY KEY (group_num, user_id)
) {clustered};
CREATE INDEX members_by_user ON members (user_id, group_num);
-- A group's stream: stored notices now, messages with them later. body is the event as JSON.
CREATE TABLE messages (
  group_num BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (group_num, seq)
) {clustered};
CREATE TABLE dissolved (
  group_id {text} PRIMARY KEY,
  kind_name TEXT NOT NULL,
  name TEXT NOT NULL,
  operator TEXT NOT NULL,
  at BIGINT NOT NULL
) {clustered};
CREATE TABLE counters (name {text} PRIMARY KEY, value BIGINT NOT NULL) {clustered};
CREATE TABLE outbox (id BIGINT PRIMARY KEY, body TEXT NOT NULL) {clustered};
