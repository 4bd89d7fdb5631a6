-- The first schema. Names with two underscores are internal; the views without are the documented way
-- in and out. Nothing here needs a SQLite newer than 3.40.

CREATE TABLE tq__task (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  state        TEXT    NOT NULL,
  queue        TEXT    NOT NULL,
  priority     INTEGER NOT NULL,
  deadline     INTEGER NOT NULL,
  model        TEXT    NOT NULL,
  method       TEXT    NOT NULL,
  instances    TEXT    NOT NULL,
  args         TEXT    NOT NULL,
  user         INTEGER NOT NULL,
  context      TEXT    NOT NULL,
  ref          TEXT,
  enqueued_at  INTEGER NOT NULL,
  scheduled_at INTEGER,
  expected_at  INTEGER,
  dequeued_at  INTEGER,
  finished_at  INTEGER,
  attempts     INTEGER NOT NULL DEFAULT 0,
  crashes      INTEGER NOT NULL DEFAULT 0,
  suspect      INTEGER NOT NULL DEFAULT 0, -- its worker died while it was claimed: it runs alone
  begun        INTEGER NOT NULL DEFAULT 0, -- this run's begin is on disk: a death now counts
  claim        INTEGER NOT NULL DEFAULT 0,
  worker       TEXT,
  thread       INTEGER,
  result       TEXT,
  reason       TEXT,
  -- A state has its times. One CASE: a CHECK with IN costs several times as much at every change.
  CHECK (CASE state
    WHEN 'ready'     THEN finished_at IS NULL AND worker IS NULL
    WHEN 'running'   THEN finished_at IS NULL AND worker IS NOT NULL
    WHEN 'finished'  THEN finished_at IS NOT NULL AND worker IS NULL
    WHEN 'scheduled' THEN finished_at IS NULL AND worker IS NULL AND scheduled_at IS NOT NULL
    WHEN 'failed'    THEN finished_at IS NOT NULL AND worker IS NULL
    WHEN 'cancelled' THEN finished_at IS NOT NULL AND worker IS NULL
    ELSE 0 END)
) STRICT;

CREATE INDEX tq__task_ready ON tq__task (queue, priority DESC, deadline, id)
  WHERE state = 'ready' AND suspect = 0;
CREATE INDEX tq__task_suspect ON tq__task (queue, priority DESC, deadline, id)
  WHERE state = 'ready' AND suspect = 1;
CREATE INDEX tq__task_scheduled ON tq__task (scheduled_at) WHERE state = 'scheduled';
CREATE INDEX tq__task_running ON tq__task (worker, thread) WHERE state = 'running';
CREATE INDEX tq__task_ended ON tq__task (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE UNIQUE INDEX tq__task_ref ON tq__task (ref) WHERE ref IS NOT NULL;

-- The same error of the same task is kept once, with a count.
CREATE TABLE tq__error (
  id       INTEGER PRIMARY KEY,
  task     INTEGER NOT NULL,
  name     TEXT    NOT NULL,
  message  TEXT    NOT NULL,
  stack    TEXT,
  attempt  INTEGER NOT NULL,
  count    INTEGER NOT NULL DEFAULT 1,
  first_at INTEGER NOT NULL,
  last_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX tq__error_task ON tq__error (task);

CREATE TABLE tq__worker (
  id         TEXT    PRIMARY KEY,
  pid        INTEGER NOT NULL,
  host       TEXT    NOT NULL,
  boot_id    TEXT    NOT NULL,
  started_at INTEGER NOT NULL,
  threads    INTEGER NOT NULL,
  queues     TEXT    NOT NULL -- JSON list of names and patterns; empty: every queue
) STRICT, WITHOUT ROWID;

CREATE VIEW tq_tasks AS
SELECT id, state, queue, priority, model, method, instances, args, user, context, ref,
       enqueued_at, scheduled_at, expected_at, dequeued_at, finished_at,
       attempts, crashes, worker, result, reason
  FROM tq__task;

CREATE VIEW tq_errors AS
SELECT id, task, name, message, stack, attempt, count, first_at, last_at
  FROM tq__error;

CREATE VIEW tq_workers AS
SELECT id, pid, host, started_at, threads, queues,
       (SELECT count(*) FROM tq__task WHERE state = 'running' AND worker = tq__worker.id) AS running
  FROM tq__worker;

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
        SELECT queue, state FROM tq__task WHERE state = 'ready' AND suspect = 1
        UNION ALL
        SELECT queue, state FROM tq__task WHERE state = 'running'
        UNION ALL
        SELECT queue, state FROM tq__task WHERE state = 'failed' AND finished_at IS NOT NULL)
 GROUP BY queue;

-- The way in for plain SQL: INSERT INTO tq_push (model, method, instances) VALUES ('sale', 'process', '[7]').
CREATE VIEW tq_push AS
SELECT NULL AS model, NULL AS method, NULL AS instances, NULL AS args, NULL AS kwargs, NULL AS user,
       NULL AS context, NULL AS queue, NULL AS priority, NULL AS scheduled_at, NULL AS expected_at,
       NULL AS ref
 WHERE 0;

CREATE TRIGGER tq_push_insert INSTEAD OF INSERT ON tq_push
BEGIN
  SELECT CASE
    WHEN typeof(NEW.model) <> 'text' OR NEW.model = ''
      THEN RAISE(ABORT, 'tq_push: model must be the name of a model, as text')
    WHEN typeof(NEW.method) <> 'text' OR NEW.method = ''
      THEN RAISE(ABORT, 'tq_push: method must be the name of a method, as text')
    WHEN typeof(NEW.instances) NOT IN ('text', 'integer') OR NOT json_valid(NEW.instances)
      THEN RAISE(ABORT, 'tq_push: instances must be JSON: an id, or a list of ids like [7, 8]')
    WHEN json_type(NEW.instances) NOT IN ('integer', 'array')
      THEN RAISE(ABORT, 'tq_push: instances must be JSON: an id, or a list of ids like [7, 8]')
    WHEN json_type(NEW.instances) = 'array' AND json_array_length(NEW.instances) = 0
      THEN RAISE(ABORT, 'tq_push: instances is an empty list: there is nothing to call the method on')
    WHEN EXISTS (SELECT 1 FROM json_each(NEW.instances)
                  WHERE type <> 'integer' OR value NOT BETWEEN -9007199254740991 AND 9007199254740991)
      THEN RAISE(ABORT, 'tq_push: instances must hold ids only, as integers')
    WHEN typeof(NEW.args) NOT IN ('null', 'text') OR (NEW.args IS NOT NULL AND NOT json_valid(NEW.args))
      THEN RAISE(ABORT, 'tq_push: args must be a JSON array')
    WHEN NEW.args IS NOT NULL AND json_type(NEW.args) <> 'array'
      THEN RAISE(ABORT, 'tq_push: args must be a JSON array')
    WHEN typeof(NEW.kwargs) NOT IN ('null', 'text') OR (NEW.kwargs IS NOT NULL AND NOT json_valid(NEW.kwargs))
      THEN RAISE(ABORT, 'tq_push: kwargs must be a JSON object')
    WHEN NEW.kwargs IS NOT NULL AND json_type(NEW.kwargs) <> 'object'
      THEN RAISE(ABORT, 'tq_push: kwargs must be a JSON object')
    WHEN typeof(NEW.context) NOT IN ('null', 'text') OR (NEW.context IS NOT NULL AND NOT json_valid(NEW.context))
      THEN RAISE(ABORT, 'tq_push: context must be a JSON object')
    WHEN NEW.context IS NOT NULL AND json_type(NEW.context) <> 'object'
      THEN RAISE(ABORT, 'tq_push: context must be a JSON object')
    WHEN typeof(NEW.user) NOT IN ('null', 'integer')
      THEN RAISE(ABORT, 'tq_push: user must be an integer')
    WHEN typeof(NEW.queue) NOT IN ('null', 'text') OR NEW.queue = ''
      THEN RAISE(ABORT, 'tq_push: queue must be the name of a queue, as text')
    WHEN typeof(NEW.priority) NOT IN ('null', 'integer')
      THEN RAISE(ABORT, 'tq_push: priority must be an integer')
    WHEN typeof(NEW.ref) NOT IN ('null', 'text') OR NEW.ref = ''
      THEN RAISE(ABORT, 'tq_push: ref must be text')
    WHEN EXISTS (SELECT 1 FROM tq__task WHERE ref = NEW.ref)
      THEN RAISE(ABORT, 'tq_push: ref is taken: another task has it')
    WHEN typeof(NEW.scheduled_at) NOT IN ('null', 'integer', 'text')
      OR (typeof(NEW.scheduled_at) = 'text' AND coalesce(
            CASE WHEN NEW.scheduled_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' THEN julianday(NEW.scheduled_at)
                 WHEN NEW.scheduled_at = 'now' THEN julianday('now')
                 WHEN NEW.scheduled_at GLOB '[-+]*' OR NEW.scheduled_at GLOB '*[a-zA-Z]*' THEN julianday('now', NEW.scheduled_at) END, 0) < 2440587.5)
      THEN RAISE(ABORT, 'tq_push: scheduled_at must be ms since 1970 UTC, or text like +5 minutes')
    WHEN typeof(NEW.expected_at) NOT IN ('null', 'integer', 'text')
      OR (typeof(NEW.expected_at) = 'text' AND coalesce(
            CASE WHEN NEW.expected_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' THEN julianday(NEW.expected_at)
                 WHEN NEW.expected_at = 'now' THEN julianday('now')
                 WHEN NEW.expected_at GLOB '[-+]*' OR NEW.expected_at GLOB '*[a-zA-Z]*' THEN julianday('now', NEW.expected_at) END, 0) < 2440587.5)
      THEN RAISE(ABORT, 'tq_push: expected_at must be ms since 1970 UTC, or text like +5 minutes')
  END;
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        ref, enqueued_at, scheduled_at, expected_at)
  SELECT CASE WHEN scheduled > now THEN 'scheduled' ELSE 'ready' END,
         coalesce(NEW.queue, 'default'),
         coalesce(NEW.priority, 0),
         coalesce(expected, scheduled, now),
         NEW.model,
         NEW.method,
         json(NEW.instances),
         CASE WHEN coalesce(NEW.kwargs, '{}') = '{}' OR json(NEW.kwargs) = '{}'
              THEN json(coalesce(NEW.args, '[]'))
              ELSE json_insert(coalesce(NEW.args, '[]'), '$[#]', json(NEW.kwargs)) END,
         coalesce(NEW.user, 0),
         json(coalesce(NEW.context, '{}')),
         NEW.ref,
         now,
         scheduled,
         expected
    FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS now,
                 CASE typeof(NEW.scheduled_at) WHEN 'text' THEN
                   CAST(round((coalesce(julianday('now', NEW.scheduled_at), julianday(NEW.scheduled_at))
                               - 2440587.5) * 86400000) AS INTEGER)
                 ELSE NEW.scheduled_at END AS scheduled,
                 CASE typeof(NEW.expected_at) WHEN 'text' THEN
                   CAST(round((coalesce(julianday('now', NEW.expected_at), julianday(NEW.expected_at))
                               - 2440587.5) * 86400000) AS INTEGER)
                 ELSE NEW.expected_at END AS expected);
END;
