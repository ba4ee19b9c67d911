-- The apps of this server, their keys, plans and settings. body is the app record as JSON.
CREATE TABLE apps (sdkappid BIGINT PRIMARY KEY, body TEXT NOT NULL, erased INTEGER NOT NULL) {clustered};
