-- The whole group service. What hangs on a group names its num and goes when the group is dissolved.
-- A mute outlives membership, so it is no column of it. topic_num 0 is the group itself.
CREATE TABLE mutes (
  group_num BIGINT NOT NULL,
  topic_num BIGINT NOT NULL,
  user_id {text} NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (group_num, topic_num, user_id)
) {clustered};
CREATE INDEX mutes_by_user ON mutes (user_id);
INSERT INTO mutes SELECT group_num, 0, user_id, mute_until FROM members WHERE mute_until > 0;
ALTER TABLE members DROP COLUMN mute_until;
-- Groups are numbered by a counter, which the one writer keeps in memory.
INSERT INTO counters SELECT 'last-group', coalesce(max(num), 0) FROM groups HAVING count(*) > 0;
-- Applications and invitations that somebody must decide. sort is TIMGroupPendencyType; user_id wants in (or is
-- invited), inviter invited him or is empty; handled_by is empty while nobody has decided.
CREATE TABLE applications (
  num {serial},
  group_num BIGINT NOT NULL,
  sort INTEGER NOT NULL,
  user_id {text} NOT NULL,
  inviter {text} NOT NULL,
  message TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  handled_by TEXT NOT NULL,
  accepted INTEGER NOT NULL,
  answer TEXT NOT NULL,
  handled_at BIGINT NOT NULL
);
CREATE INDEX applications_by_group ON applications (group_num, at_ms);
CREATE INDEX applications_by_user ON applications (user_id, group_num);
CREATE INDEX applications_by_inviter ON applications (inviter, at_ms) WHERE inviter <> '';
CREATE INDEX applications_decided ON applications (group_num, handled_at) WHERE handled_by <> '';
-- A group's administrators are found without its members; its owner stands in its row.
CREATE INDEX members_admins ON members (group_num, user_id) WHERE role = 300;
CREATE TABLE applications_seen (user_id {text} PRIMARY KEY, at_ms BIGINT NOT NULL) {clustered};
CREATE TABLE bans (
  group_num BIGINT NOT NULL,
  user_id {text} NOT NULL,
  until BIGINT NOT NULL,
  description TEXT NOT NULL,
  PRIMARY KEY (group_num, user_id)
) {clustered};
CREATE INDEX bans_by_user ON bans (user_id);
-- A live room stores no members, but who may act in it.
CREATE TABLE live_admins (
  group_num BIGINT NOT NULL,
  user_id {text} NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (group_num, user_id)
) {clustered};
CREATE INDEX live_admins_by_user ON live_admins (user_id, group_num);
CREATE TABLE attributes (
  group_num BIGINT NOT NULL,
  name {text} NOT NULL,
  value TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (group_num, name)
) {clustered};
-- version grows with each write to a group's attributes; writes counts those of the second at.
CREATE TABLE attribute_versions (
  group_num BIGINT PRIMARY KEY,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  writes INTEGER NOT NULL
) {clustered};
CREATE TABLE group_counters (
  group_num BIGINT NOT NULL,
  name {text} NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (group_num, name)
) {clustered};
CREATE TABLE topics (
  num {serial},
  group_num BIGINT NOT NULL,
  topic_id {text} NOT NULL UNIQUE,
  name TEXT NOT NULL,
  introduction TEXT NOT NULL,
  notification TEXT NOT NULL,
  face_url TEXT NOT NULL,
  custom_string TEXT NOT NULL,
  creator TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_msg_at BIGINT NOT NULL,
  next_seq BIGINT NOT NULL,
  mute_all INTEGER NOT NULL
);
CREATE INDEX topics_by_group ON topics (group_num, num);
-- What a member has of a topic; without a row: everything read up to joining, the kind's receive option.
CREATE TABLE topic_members (
  topic_num BIGINT NOT NULL,
  user_id {text} NOT NULL,
  read_seq BIGINT NOT NULL,
  msg_flag INTEGER NOT NULL,
  PRIMARY KEY (topic_num, user_id)
) {clustered};
CREATE TABLE permission_groups (
  group_num BIGINT NOT NULL,
  permission_group_id {text} NOT NULL,
  name TEXT NOT NULL,
  permission BIGINT NOT NULL,
  custom_string TEXT NOT NULL,
  member_num BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (group_num, permission_group_id)
) {clustered};
CREATE TABLE permission_group_members (
  group_num BIGINT NOT NULL,
  user_id {text} NOT NULL,
  permission_group_id {text} NOT NULL,
  PRIMARY KEY (group_num, user_id, permission_group_id)
) {clustered};
CREATE INDEX permission_group_members_by_group
  ON permission_group_members (group_num, permission_group_id, user_id);
CREATE TABLE topic_permissions (
  group_num BIGINT NOT NULL,
  permission_group_id {text} NOT NULL,
  topic_num BIGINT NOT NULL,
  permission BIGINT NOT NULL,
  PRIMARY KEY (group_num, permission_group_id, topic_num)
) {clustered};
CREATE INDEX topic_permissions_by_topic ON topic_permissions (group_num, topic_num);
