-- The tokens of the admin API besides the one in tq.token. `digest` is the SHA-256 of the token, `roles` has spaces
-- between them.
CREATE TABLE tq__token (
  digest BLOB PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  roles TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions of the dashboard that were signed out, until they would have ended by themselves. `token` is the digest of the
-- session's token; a `session` of "" stands for all of that token up to its `until`.
CREATE TABLE tq__ended_session (
  token TEXT NOT NULL,
  session TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (token, session)
) STRICT, WITHOUT ROWID;

-- Webhooks, as the files of workers ask for them. `target` names the place of one, whatever it is about. Ends of tasks are
-- followed since `since`; those up to `ended_at` have been told: each pushes one task. `seed` makes the ids of deliveries;
-- `moves` counts how often its place was moved.
CREATE TABLE tq__webhook (
  key      TEXT PRIMARY KEY,
  target   TEXT    NOT NULL,
  seed     TEXT    NOT NULL,
  since    INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  moves    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- The files that ask for each of them; "" stands for all workers without a file.
CREATE TABLE tq__webhook_origin (
  origin TEXT NOT NULL,
  key    TEXT NOT NULL,
  PRIMARY KEY (origin, key)
) STRICT, WITHOUT ROWID;

-- The last ends that were told, as others may still come with the same times.
CREATE TABLE tq__webhook_told (
  key      TEXT    NOT NULL,
  ended_at INTEGER NOT NULL,
  task     INTEGER NOT NULL,
  PRIMARY KEY (key, ended_at, task)
) STRICT, WITHOUT ROWID;

-- The keys of pushes over HTTP. A push that comes again with its key is answered with the ids of the first one. `body` is
-- the SHA-256 of the request, `ids` a list in JSON.
CREATE TABLE tq__push_key (
  caller TEXT NOT NULL,
  key TEXT NOT NULL,
  body BLOB NOT NULL,
  ids TEXT NOT NULL,
  pushed_at INTEGER NOT NULL,
  PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX tq__push_key_age ON tq__push_key (pushed_at);

-- The marks of models whose tasks hold secrets, as they say them: by methods, in JSON.
CREATE TABLE tq__redaction (
  model TEXT PRIMARY KEY,
  marks TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The version of the schema that the tq of each worker knows; NULL: an older build, which does not say.
ALTER TABLE tq__worker ADD COLUMN schema INTEGER;

-- Each worker's words about itself: how many of its threads have loaded their models, when the newest file of models was
-- changed, and, in JSON, which files and calls those are. NULL: it has not said it.
ALTER TABLE tq__worker ADD COLUMN threads_ready INTEGER;
ALTER TABLE tq__worker ADD COLUMN models_at INTEGER;
ALTER TABLE tq__worker ADD COLUMN about TEXT;

-- The definition of a recurring task as each worker has read it: files that say the same of it do not differ.
ALTER TABLE tq__cron_read ADD COLUMN definition TEXT;

-- The setting queue.worker of the programs of this database, once one has said it, and where it stood.
CREATE TABLE tq__mode (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  worker INTEGER NOT NULL,
  origin TEXT    NOT NULL,
  since  INTEGER NOT NULL
) STRICT;

DROP VIEW tq_workers;
CREATE VIEW tq_workers AS
SELECT id, pid, host, started_at, threads, queues,
       (SELECT count(*) FROM tq__task WHERE state = 'running' AND worker = tq__worker.id) AS running,
       version, schema, trouble, threads_ready, models_at
  FROM tq__worker;

-- One row in a copy that a backup made: when that was, and the host and path of the database. A database in use has none,
-- unless a person has put a copy in its place without tq restore.
CREATE TABLE tq__copy (made_at INTEGER NOT NULL, place TEXT NOT NULL) STRICT;

-- A number that this database shares with its copies alone: one that was restored to another place has another.
CREATE TABLE tq__identity (number INTEGER NOT NULL) STRICT;
INSERT INTO tq__identity VALUES (random() >> 11);

-- The last good backup of this database, and the last try, where that has failed since. A database that was restored has
-- what its copy knew: `restored_at` says since when that is its past.
CREATE TABLE tq__backup (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  made_at     INTEGER,
  path        TEXT,
  size        INTEGER,
  failed_at   INTEGER,
  reason      TEXT,
  restored_at INTEGER
) STRICT;
