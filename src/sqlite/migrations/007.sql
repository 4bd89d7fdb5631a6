-- Recurring tasks. `origin` is the file that defines one; "database" where `tq cron add` did; `kind` tells what it is:
-- tq, model, settings, database. `override` is what the database says instead: a pause, other times. Slots up to
-- `decided_until` have been decided; `former` has the times that it had before, as long as slots of them are not.
CREATE TABLE tq__cron (
  name          TEXT PRIMARY KEY,
  origin        TEXT    NOT NULL,
  kind          TEXT    NOT NULL,
  definition    TEXT    NOT NULL,
  override      TEXT    NOT NULL DEFAULT '{}',
  decided_until INTEGER NOT NULL,
  former        TEXT    NOT NULL DEFAULT '[]',
  changed_at    INTEGER NOT NULL,
  removed_at    INTEGER,
  held_since    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- What became of each slot, a time at which a recurring task comes: no slot has two rows. A row with a `first_slot`
-- stands for all slots from that one on which have no row. `worker` does what tq itself does for one.
CREATE TABLE tq__cron_slot (
  cron       TEXT    NOT NULL,
  slot       INTEGER NOT NULL,
  first_slot INTEGER,
  decided_at INTEGER NOT NULL,
  outcome    TEXT    NOT NULL,
  reason     TEXT,
  task       INTEGER,
  worker     TEXT,
  PRIMARY KEY (cron, slot)
) STRICT, WITHOUT ROWID;

-- A number that this database keeps for itself: it spreads the times of many machines with the same recurring task.
CREATE TABLE tq__share (share REAL NOT NULL) STRICT;
INSERT INTO tq__share VALUES ((random() & 4294967295) / 4294967296.0);

CREATE VIEW tq_cron AS
SELECT name, origin, kind, definition, override, decided_until, changed_at, removed_at FROM tq__cron;

CREATE VIEW tq_cron_slots AS
SELECT cron, slot, first_slot, decided_at, outcome, reason, task, worker FROM tq__cron_slot;

-- Which definitions each worker has read: of two files with one name the first has it as long as a worker has that file.
-- `is_foreign`: it needs models that this worker does not have.
CREATE TABLE tq__cron_read (
  name       TEXT NOT NULL,
  worker     TEXT NOT NULL,
  origin     TEXT NOT NULL,
  is_foreign INTEGER NOT NULL,
  PRIMARY KEY (name, worker)
) STRICT, WITHOUT ROWID;

-- The time zone of each worker's machine; with an empty `worker` the one that counts where a definition names none.
CREATE TABLE tq__cron_zone (
  worker TEXT PRIMARY KEY,
  zone   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tq__worker_forgets_cron AFTER DELETE ON tq__worker BEGIN
  DELETE FROM tq__cron_read WHERE worker = OLD.id;
  DELETE FROM tq__cron_zone WHERE worker = OLD.id;
END;

-- Pauses: queues (names and patterns) and methods of which no worker takes a task, though it stays ready. Ids are never
-- used again.
CREATE TABLE tq__pause (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  kind       TEXT    NOT NULL, -- queue, task
  name       TEXT    NOT NULL,
  since      INTEGER NOT NULL,
  changed_at INTEGER NOT NULL, -- `until` was chosen then
  paused_by  TEXT    NOT NULL,
  reason     TEXT,
  until      INTEGER,
  UNIQUE (kind, name)
) STRICT;

-- When a pause last ended, for the last hour: nothing ended before, which says nothing of the rate.
CREATE TABLE tq__pause_end (
  kind     TEXT    NOT NULL,
  name     TEXT    NOT NULL,
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW tq_pauses AS
SELECT kind, name, since, paused_by, reason, until FROM tq__pause;

-- `suspect` is more than a flag from now on: with the id p of a pause it is 2p, or 2p + 1 for a suspect, where a claim
-- met the ready task and set it aside. Such a task is out of the index that claims read, so a million of them cost a
-- claim nothing.
DROP INDEX tq__task_suspect;
CREATE INDEX tq__task_suspect ON tq__task (suspect, queue, priority DESC, deadline, id)
  WHERE state = 'ready' AND suspect > 0;

DROP VIEW tq_queues;
CREATE VIEW tq_queues AS
SELECT queue,
       sum(state = 'scheduled') AS scheduled,
       sum(state = 'ready') AS ready,
       sum(state = 'running') AS running,
       sum(state = 'failed') AS failed
  FROM (SELECT queue, state FROM tq__task WHERE state = 'scheduled'
        UNION ALL
        SELECT queue, state FROM tq__task WHERE state = 'ready' AND suspect = 0
        UNION ALL
        SELECT queue, state FROM tq__task WHERE state = 'ready' AND suspect > 0
        UNION ALL
        SELECT queue, state FROM tq__task WHERE state = 'running'
        UNION ALL
        SELECT queue, state FROM tq__task WHERE state = 'failed' AND finished_at IS NOT NULL)
 GROUP BY queue;

-- What a failure pushes, as the models of the workers say: a task that calls this, once one of that method has failed.
CREATE TABLE tq__follow_up (
  model        TEXT NOT NULL,
  method       TEXT NOT NULL,
  calls_model  TEXT NOT NULL,
  calls_method TEXT NOT NULL,
  PRIMARY KEY (model, method)
) STRICT, WITHOUT ROWID;

-- Definitions of alerts: `channel` is "command" or "url" with a hash of the definition; `queues` and `tasks` are lists of
-- patterns for GLOB, empty ones want all. Each counts the failures that it wants: `noted` so far, those up to number
-- `told_until` have been told. `sender` is the worker that is telling those up to `taken_until`, `sent_at` when the last
-- alert began to go.
CREATE TABLE tq__alert (
  channel     TEXT PRIMARY KEY,
  queues      TEXT    NOT NULL,
  tasks       TEXT    NOT NULL,
  since       INTEGER NOT NULL,
  noted       INTEGER NOT NULL DEFAULT 0,
  told_until  INTEGER NOT NULL DEFAULT 0,
  taken_until INTEGER NOT NULL DEFAULT 0,
  sender      TEXT,
  sent_at     INTEGER
) STRICT, WITHOUT ROWID;

-- The files that ask for each of them; "" stands for all workers without a file.
CREATE TABLE tq__alert_origin (
  origin  TEXT NOT NULL,
  channel TEXT NOT NULL,
  PRIMARY KEY (origin, channel)
) STRICT, WITHOUT ROWID;

-- Failures that a definition of alerts has to tell, the first ones: of the others it has the number alone. A row without a
-- task is the trouble of a worker.
CREATE TABLE tq__untold (
  channel   TEXT    NOT NULL,
  number    INTEGER NOT NULL,
  task      INTEGER,
  call      TEXT    NOT NULL,
  queue     TEXT,
  reason    TEXT    NOT NULL,
  attempts  INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  PRIMARY KEY (channel, number)
) STRICT, WITHOUT ROWID;

-- Statistics: the runs of a method of a queue by the minute, the hour and the day. `span` is in ms, sums and worst values
-- in µs; `buckets` are histograms: src/statistics/histogram.ts. `whole` is 1 where a row has all runs of its queue: of
-- several methods, and of hours and days, a row more has them together, without a model. It is 2 in the row of all queues,
-- which has no name at all. Rows with the span 0 are totals since the beginning, which nothing deletes.
CREATE TABLE tq__statistic (
  span   INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  queue  TEXT    NOT NULL,
  model  TEXT    NOT NULL,
  method TEXT    NOT NULL,
  whole  INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  retried INTEGER NOT NULL,
  snoozed INTEGER NOT NULL,
  cancelled INTEGER NOT NULL,
  postponed INTEGER NOT NULL,
  interrupted INTEGER NOT NULL,
  crashed INTEGER NOT NULL,
  wait_count INTEGER NOT NULL, wait_sum INTEGER NOT NULL, wait_worst INTEGER NOT NULL, wait_buckets BLOB NOT NULL,
  run_count INTEGER NOT NULL, run_sum INTEGER NOT NULL, run_worst INTEGER NOT NULL, run_buckets BLOB NOT NULL,
  late_start_count INTEGER NOT NULL, late_start_sum INTEGER NOT NULL, late_start_worst INTEGER NOT NULL, late_start_buckets BLOB NOT NULL,
  late_end_count INTEGER NOT NULL, late_end_sum INTEGER NOT NULL, late_end_worst INTEGER NOT NULL, late_end_buckets BLOB NOT NULL,
  PRIMARY KEY (span DESC, at, queue, model, method)
) STRICT, WITHOUT ROWID;

-- Totals of what happens rarely: workers whose tasks were put back, and tasks that were.
CREATE TABLE tq__total (
  name  TEXT PRIMARY KEY,
  total INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO tq__total VALUES ('workers_rescued', 0), ('tasks_rescued', 0);

-- The number of the last part that a worker has added: none is added twice.
ALTER TABLE tq__worker ADD COLUMN part INTEGER NOT NULL DEFAULT 0;

-- For plain SQL, all lengths of time in ms: minutes, and the hours whose minutes have been deleted.
CREATE VIEW tq_stats AS
SELECT at, span, queue, model, method,
       finished, failed, retried, snoozed, cancelled, postponed, interrupted, crashed,
       wait_count, wait_sum / 1000.0 / wait_count AS wait_mean, iif(wait_count > 0, wait_worst / 1000.0, NULL) AS wait_worst,
       run_count, run_sum / 1000.0 / run_count AS run_mean, iif(run_count > 0, run_worst / 1000.0, NULL) AS run_worst,
       late_start_count, late_start_sum / 1000.0 / late_start_count AS late_start_mean, iif(late_start_count > 0, late_start_worst / 1000.0, NULL) AS late_start_worst,
       late_end_count, late_end_sum / 1000.0 / late_end_count AS late_end_mean, iif(late_end_count > 0, late_end_worst / 1000.0, NULL) AS late_end_worst
  FROM tq__statistic
 WHERE model <> ''
   AND (span = 60000
        OR span = 3600000 AND at + 3600000 <= coalesce((SELECT min(at) FROM tq__statistic WHERE span = 60000), 9e18));

-- Counts of the tasks of queues, where there are too many to count them whenever someone asks: src/sqlite/sql/recount.ts.
CREATE TABLE tq__count (
  part       TEXT    NOT NULL, -- line, beside, scheduled, failed
  queue      TEXT    NOT NULL,
  tasks      INTEGER NOT NULL,
  counted_at INTEGER NOT NULL,
  PRIMARY KEY (part, queue)
) STRICT, WITHOUT ROWID;
