-- Meters (core/meter.py): day is a calendar day of the app (YYYY-MM-DD) with what was added in it and the peaks of
-- levels under peak.<level>, a month (YYYY-MM) with its active users, or empty with what there was of a level when
-- counting began, under base.<level>. What there is of a level now is that, and what came, less what went.
CREATE TABLE meters (
  day {text} NOT NULL,
  name {text} NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY (day, name)
) {clustered};
INSERT INTO meters SELECT '', 'base.groups.' || kind_name, COUNT(*) FROM groups GROUP BY kind_name;
INSERT INTO meters SELECT '', 'base.members', COUNT(*) FROM members;
INSERT INTO meters SELECT '', 'base.accounts', COUNT(*) FROM accounts;
INSERT INTO meters SELECT '', 'base.bytes', coalesce(sum(gzip_size), 0) FROM archives;
-- Who was there, and did what (core/meter.py, Did): day is a day or a month as above.
CREATE TABLE active_users (
  day {text} NOT NULL,
  user_id {text} NOT NULL,
  marks INTEGER NOT NULL,
  PRIMARY KEY (day, user_id)
) {clustered};
-- In which groups something was said.
CREATE TABLE active_groups (
  day {text} NOT NULL,
  group_id {text} NOT NULL,
  PRIMARY KEY (day, group_id)
) {clustered};
-- Files that users uploaded, with the bytes of all their variants. kept 0: about to be kept, not counted.
CREATE TABLE uploads (uuid {text} PRIMARY KEY, bytes BIGINT NOT NULL, kept INTEGER NOT NULL) {clustered};
CREATE INDEX uploads_noted ON uploads (uuid) WHERE kept = 0;
-- Callbacks that the app's server has not taken yet: those of one lane go one after the other, by num. dead 1: given up,
-- 2: given up and wanted again.
CREATE TABLE callbacks (
  num BIGINT PRIMARY KEY,
  lane {text} NOT NULL,
  command {text} NOT NULL,
  query TEXT NOT NULL,
  body TEXT NOT NULL,
  at_ms BIGINT NOT NULL,
  tries INTEGER NOT NULL,
  next_ms BIGINT NOT NULL,
  dead INTEGER NOT NULL,
  fault TEXT NOT NULL
) {clustered};
CREATE INDEX callbacks_lane ON callbacks (lane, num);
CREATE INDEX callbacks_dead ON callbacks (dead, num) WHERE dead <> 0;
