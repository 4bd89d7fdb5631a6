-- Recurring tasks. `origin` is the file that defines one; "database" where `tq cron add` did; `kind` tells what it is:
-- tq, model, settings, database. `override` is what the database says instead: a pause, other times. Slots up to
-- `decided_until` have been decided.
CREATE TABLE tq__cron (
  name          TEXT PRIMARY KEY,
  origin        TEXT    NOT NULL,
  kind          TEXT    NOT NULL,
  definition    TEXT    NOT NULL,
  override      TEXT    NOT NULL DEFAULT '{}',
  decided_until INTEGER NOT NULL,
  changed_at    INTEGER NOT NULL,
  removed_at    INTEGER
) STRICT, WITHOUT ROWID;

-- What became of each slot, a time at which a recurring task comes: no slot has two rows. `worker` does what tq itself
-- does for one.
CREATE TABLE tq__cron_slot (
  cron       TEXT    NOT NULL,
  slot       INTEGER NOT NULL,
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
SELECT cron, slot, decided_at, outcome, reason, task, worker FROM tq__cron_slot;

-- Which definitions each worker has read: of two files with one name the first has it as long as a worker has that file.
-- `is_foreign`: it needs models that this worker does not have.
CREATE TABLE tq__cron_read (
  name       TEXT NOT NULL,
  worker     TEXT NOT NULL,
  origin     TEXT NOT NULL,
  is_foreign INTEGER NOT NULL,
  PRIMARY KEY (name, worker)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER tq__worker_forgets_cron AFTER DELETE ON tq__worker BEGIN
  DELETE FROM tq__cron_read WHERE worker = OLD.id;
END;

-- Statistics: the runs of a method of a queue by the minute, after eight days by the hour. `span` is in ms, sums
-- and worst values in µs; `buckets` are histograms: src/statistics/histogram.ts. `whole` is 1 where a row has all runs of
-- its queue in that minute: of several methods a row more has them together, without a model.
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

-- The number of the last part that a worker has added: none is added twice.
ALTER TABLE tq__worker ADD COLUMN part INTEGER NOT NULL DEFAULT 0;

-- For plain SQL, all lengths of time in ms.
CREATE VIEW tq_stats AS
SELECT at, span, queue, model, method,
       finished, failed, retried, snoozed, cancelled, postponed, interrupted, crashed,
       wait_count, wait_sum / 1000.0 / wait_count AS wait_mean, iif(wait_count > 0, wait_worst / 1000.0, NULL) AS wait_worst,
       run_count, run_sum / 1000.0 / run_count AS run_mean, iif(run_count > 0, run_worst / 1000.0, NULL) AS run_worst,
       late_start_count, late_start_sum / 1000.0 / late_start_count AS late_start_mean, iif(late_start_count > 0, late_start_worst / 1000.0, NULL) AS late_start_worst,
       late_end_count, late_end_sum / 1000.0 / late_end_count AS late_end_mean, iif(late_end_count > 0, late_end_worst / 1000.0, NULL) AS late_end_worst
  FROM tq__statistic
 WHERE model <> '';
