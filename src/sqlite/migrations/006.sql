-- Policies: how often and how long a task runs. `policy` is what its push says of them, as JSON; NULL: nothing. The
-- counters begin anew at a retry by hand: `failures` are the attempts that were used up, `snoozes` the runs whose method
-- asked for a later one. A task that has not begun by `expires_at` is cancelled.
ALTER TABLE tq__task ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tq__task ADD COLUMN snoozes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tq__task ADD COLUMN expires_at INTEGER;
ALTER TABLE tq__task ADD COLUMN policy TEXT;

-- Each run enters this index and leaves it: with the id alone that costs half as much as with the worker's long name. Few
-- tasks run at once, so a search for those of one worker walks them all.
DROP INDEX tq__task_running;
CREATE INDEX tq__task_running ON tq__task (id) WHERE state = 'running';

-- Runs that ended without finishing their task. A task that finishes at its first run has none.
CREATE TABLE tq__attempt (
  task       INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  due_at     INTEGER NOT NULL, -- it could have begun then
  started_at INTEGER,
  ended_at   INTEGER NOT NULL,
  outcome    TEXT    NOT NULL,
  reason     TEXT,
  error      INTEGER,          -- the id in tq__error: the same error of a task is kept once
  worker     TEXT,
  thread     INTEGER,
  PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;

ALTER TABLE tq__error ADD COLUMN code ANY; -- the error's own: a text, or a number

DROP VIEW tq_errors;
CREATE VIEW tq_errors AS
SELECT id, task, name, code, message, stack, attempt, count, first_at, last_at
  FROM tq__error;

-- What the runs have said: a line of JSON for each line, and one for how far the task was.
CREATE TABLE tq__output (
  id      INTEGER PRIMARY KEY,
  task    INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  text    TEXT    NOT NULL,
  UNIQUE (task, attempt)
) STRICT;

CREATE VIEW tq_output AS SELECT task, attempt, text FROM tq__output;

DROP VIEW tq_tasks;
CREATE VIEW tq_tasks AS
SELECT id, state, queue, priority, model, method, instances, args, user, context, ref,
       enqueued_at, scheduled_at, expected_at, expires_at, dequeued_at, finished_at,
       attempts, failures, snoozes, crashes, worker, policy, result,
       iif(state = 'running', NULL, reason) AS reason
  FROM tq__task;

-- All runs of a task: those above, and the one that runs or has ended it. When a run died with its process nobody saw:
-- `ended_at` is when that was found, which may be the next morning. The reasons are those of sql/workers.ts.
CREATE VIEW tq_attempts AS
SELECT run.task, run.number, run.outcome, run.started_at, run.ended_at,
       max(run.started_at - run.due_at, 0) AS waited,
       iif(run.outcome IN ('interrupted', 'crashed') AND coalesce(run.reason, error.message) IN ('its worker process died', 'its machine went down', 'its database was restored'),
           NULL, run.ended_at - run.started_at) AS ran,
       max(run.ended_at - task.expected_at, 0) AS late,
       run.reason, error.name, error.code, error.message, error.stack, run.worker, run.thread
  FROM tq__attempt AS run
  JOIN tq__task AS task ON task.id = run.task
  LEFT JOIN tq__error AS error ON error.id = run.error
UNION ALL
SELECT id, attempts + iif(state = 'running', 1, 0), state, dequeued_at, finished_at,
       max(dequeued_at - max(coalesce(scheduled_at, enqueued_at),
                             coalesce((SELECT max(ended_at) FROM tq__attempt WHERE task = id), 0)), 0),
       finished_at - dequeued_at,
       max(finished_at - expected_at, 0),
       iif(state = 'running', NULL, reason), NULL, NULL, NULL, NULL, worker, thread
  FROM tq__task
 WHERE state IN ('running', 'finished');

-- The way in again, with the new columns, and for plain functions, which have neither method nor instances. It takes its triggers along when it goes, so all of them stand here.
DROP VIEW tq_push;
CREATE VIEW tq_push AS
SELECT NULL AS model, NULL AS method, NULL AS instances, NULL AS args, NULL AS kwargs, NULL AS user,
       NULL AS context, NULL AS queue, NULL AS priority, NULL AS scheduled_at, NULL AS expected_at,
       NULL AS expires_at, NULL AS attempts, NULL AS backoff, NULL AS timeout, NULL AS ref
 WHERE 0;

CREATE TRIGGER tq_push_insert INSTEAD OF INSERT ON tq_push
BEGIN
  SELECT CASE
    WHEN typeof(NEW.model) <> 'text' OR NEW.model = ''
      THEN RAISE(ABORT, 'tq_push: model must be the name of a model, as text')
    -- Neither method nor instances: the model is the name of a plain function.
    WHEN (typeof(NEW.method) <> 'text' OR NEW.method = '') AND NOT (NEW.method IS NULL AND NEW.instances IS NULL)
      THEN RAISE(ABORT, 'tq_push: method must be the name of a method, as text')
    WHEN NEW.method IS NOT NULL
     AND (typeof(NEW.instances) NOT IN ('text', 'integer') OR NOT json_valid(NEW.instances))
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
    WHEN typeof(NEW.expires_at) NOT IN ('null', 'integer', 'text')
      OR (typeof(NEW.expires_at) = 'text' AND NEW.expires_at <> 'none' AND coalesce(
            CASE WHEN NEW.expires_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*' THEN julianday(NEW.expires_at)
                 WHEN NEW.expires_at = 'now' THEN julianday('now')
                 WHEN NEW.expires_at GLOB '[-+]*' OR NEW.expires_at GLOB '*[a-zA-Z]*' THEN julianday('now', NEW.expires_at) END, 0) < 2440587.5)
      THEN RAISE(ABORT, 'tq_push: expires_at must be ms since 1970 UTC, text like +5 minutes, or none')
  END;
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        ref, enqueued_at, scheduled_at, expected_at, expires_at, policy)
  SELECT CASE WHEN scheduled > now THEN 'scheduled' ELSE 'ready' END,
         coalesce(NEW.queue, 'default'),
         coalesce(NEW.priority, 0),
         coalesce(expected, scheduled, now),
         NEW.model,
         coalesce(NEW.method, 'call'),
         json(coalesce(NEW.instances, '[]')),
         CASE WHEN coalesce(NEW.kwargs, '{}') = '{}' OR json(NEW.kwargs) = '{}'
              THEN json(coalesce(NEW.args, '[]'))
              ELSE json_insert(coalesce(NEW.args, '[]'), '$[#]', json(NEW.kwargs)) END,
         coalesce(NEW.user, 0),
         json(coalesce(NEW.context, '{}')),
         NEW.ref,
         now,
         scheduled,
         expected,
         CASE WHEN expires <= coalesce(scheduled, now)
              THEN RAISE(ABORT, 'tq_push: expires_at must be later than scheduled_at, and than now')
              ELSE expires END,
         -- A patch leaves out what is null.
         nullif(json_patch('{}', json_object(
           'attempts', NEW.attempts,
           'backoff', json(iif(json_valid(NEW.backoff), NEW.backoff, json_quote(NEW.backoff))),
           'timeout', NEW.timeout,
           'expires', iif(NEW.expires_at = 'none', 'none', NULL))), '{}')
    FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER) AS now,
                 CASE typeof(NEW.scheduled_at) WHEN 'text' THEN
                   CAST(round((coalesce(julianday('now', NEW.scheduled_at), julianday(NEW.scheduled_at))
                               - 2440587.5) * 86400000) AS INTEGER)
                 ELSE NEW.scheduled_at END AS scheduled,
                 CASE typeof(NEW.expected_at) WHEN 'text' THEN
                   CAST(round((coalesce(julianday('now', NEW.expected_at), julianday(NEW.expected_at))
                               - 2440587.5) * 86400000) AS INTEGER)
                 ELSE NEW.expected_at END AS expected,
                 CASE typeof(NEW.expires_at) WHEN 'text' THEN
                   CAST(round((coalesce(julianday('now', NEW.expires_at), julianday(NEW.expires_at))
                               - 2440587.5) * 86400000) AS INTEGER)
                 ELSE NEW.expires_at END AS expires);
END;

CREATE TRIGGER tq_push_check INSTEAD OF INSERT ON tq_push
BEGIN
  SELECT CASE
    -- Bytes of another encoding: instr() passes over a byte of 80 to BF that stands alone, which length() counts, and
    -- GLOB reads other wrong ones as U+FFFD. Only a character of three or four bytes that is cut after the second passes.
    WHEN (SELECT instr(x, char(0)) <> length(x) + 1
              OR replace(x, CAST(x'EFBF' AS TEXT), ' ') GLOB '*' || char(65533) || '*' -- leaves out a U+FFFD of the text
            FROM (SELECT printf('.%s %s %s %s %s %s %s', NEW.model, NEW.method, NEW.queue, NEW.ref, NEW.args, NEW.kwargs,
                                NEW.context) || char(0) AS x))
      THEN RAISE(ABORT, 'tq_push: a text is not UTF-8: let your program write UTF-8, or recode what it has read')
    WHEN json_valid(NEW.context)
     AND EXISTS (SELECT 1 FROM json_each(NEW.context) WHERE CAST(key AS TEXT) GLOB 'queue_*')
      THEN RAISE(ABORT, 'tq_push: context must not have queue_ keys; use the columns queue, priority, scheduled_at, expected_at, expires_at, attempts, backoff and timeout')
    WHEN typeof(NEW.scheduled_at) = 'integer' AND NEW.scheduled_at NOT BETWEEN 100000000000 AND 8640000000000000
      THEN RAISE(ABORT, 'tq_push: scheduled_at must be ms since 1970 UTC, or text like +5 minutes; is it seconds?')
    WHEN typeof(NEW.expected_at) = 'integer' AND NEW.expected_at NOT BETWEEN 100000000000 AND 8640000000000000
      THEN RAISE(ABORT, 'tq_push: expected_at must be ms since 1970 UTC, or text like +5 minutes; is it seconds?')
    WHEN typeof(NEW.expires_at) = 'integer' AND NEW.expires_at NOT BETWEEN 100000000000 AND 8640000000000000
      THEN RAISE(ABORT, 'tq_push: expires_at must be ms since 1970 UTC, text like +5 minutes, or none; is it seconds?')
  END;
END;

CREATE TRIGGER tq_push_limits INSTEAD OF INSERT ON tq_push
BEGIN
  SELECT CASE
    WHEN typeof(NEW.model) = 'text' AND (length(NEW.model) > 1000 OR instr(NEW.model, char(0)))
      THEN RAISE(ABORT, 'tq_push: model must be text of 1 to 1000 characters, without NUL')
    WHEN typeof(NEW.method) = 'text' AND (length(NEW.method) > 1000 OR instr(NEW.method, char(0)))
      THEN RAISE(ABORT, 'tq_push: method must be text of 1 to 1000 characters, without NUL')
    WHEN typeof(NEW.queue) = 'text' AND (length(NEW.queue) > 1000 OR instr(NEW.queue, char(0)))
      THEN RAISE(ABORT, 'tq_push: queue must be text of 1 to 1000 characters, without NUL')
    WHEN typeof(NEW.ref) = 'text' AND (length(NEW.ref) > 1000 OR instr(NEW.ref, char(0)))
      THEN RAISE(ABORT, 'tq_push: ref must be text of 1 to 1000 characters, without NUL')
    WHEN 'blob' NOT IN (typeof(NEW.instances), typeof(NEW.args), typeof(NEW.kwargs), typeof(NEW.context))
     AND (instr(NEW.instances, char(0)) OR instr(NEW.args, char(0)) OR instr(NEW.kwargs, char(0)) OR instr(NEW.context, char(0)))
      THEN RAISE(ABORT, 'tq_push: instances, args, kwargs and context must be JSON without NUL')
    WHEN typeof(NEW.user) = 'integer' AND NEW.user NOT BETWEEN 0 AND 9007199254740991
      THEN RAISE(ABORT, 'tq_push: user must be an integer from 0 to 9007199254740991')
    WHEN typeof(NEW.priority) = 'integer' AND NEW.priority NOT BETWEEN -9007199254740991 AND 9007199254740991
      THEN RAISE(ABORT, 'tq_push: priority must be an integer from -9007199254740991 to 9007199254740991')
    WHEN NEW.scheduled_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
     AND NOT (rtrim(NEW.scheduled_at) GLOB '*[zZ]' OR rtrim(NEW.scheduled_at) GLOB '*[-+][0-9][0-9]:[0-9][0-9]')
      THEN RAISE(ABORT, 'tq_push: scheduled_at must be ms since 1970 UTC, or text like +5 minutes; a date needs a time with Z for UTC, or with an offset: 2026-12-01 07:00+01:00')
    -- SQLite takes a time of day with Z, or with an offset, for a length of time.
    WHEN typeof(NEW.scheduled_at) = 'text' AND NEW.scheduled_at <> 'now'
     AND (NEW.scheduled_at NOT GLOB '[-+0-9]*' OR NEW.scheduled_at GLOB '*:*[-+zZ]*' AND NEW.scheduled_at NOT LIKE '____-__-__%')
      THEN RAISE(ABORT, 'tq_push: scheduled_at must be ms since 1970 UTC, or text like +5 minutes')
    WHEN NEW.expected_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
     AND NOT (rtrim(NEW.expected_at) GLOB '*[zZ]' OR rtrim(NEW.expected_at) GLOB '*[-+][0-9][0-9]:[0-9][0-9]')
      THEN RAISE(ABORT, 'tq_push: expected_at must be ms since 1970 UTC, or text like +5 minutes; a date needs a time with Z for UTC, or with an offset: 2026-12-01 07:00+01:00')
    WHEN NEW.expires_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
     AND NOT (rtrim(NEW.expires_at) GLOB '*[zZ]' OR rtrim(NEW.expires_at) GLOB '*[-+][0-9][0-9]:[0-9][0-9]')
      THEN RAISE(ABORT, 'tq_push: expires_at must be ms since 1970 UTC, text like +5 minutes, or none; a date needs a time with Z for UTC, or with an offset: 2026-12-01 07:00+01:00')
    WHEN typeof(NEW.expected_at) = 'text' AND NEW.expected_at <> 'now'
     AND (NEW.expected_at NOT GLOB '[-+0-9]*' OR NEW.expected_at GLOB '*:*[-+zZ]*' AND NEW.expected_at NOT LIKE '____-__-__%')
      THEN RAISE(ABORT, 'tq_push: expected_at must be ms since 1970 UTC, or text like +5 minutes')
    WHEN typeof(NEW.expires_at) = 'text' AND NEW.expires_at NOT IN ('now', 'none')
     AND (NEW.expires_at NOT GLOB '[-+0-9]*' OR NEW.expires_at GLOB '*:*[-+zZ]*' AND NEW.expires_at NOT LIKE '____-__-__%')
      THEN RAISE(ABORT, 'tq_push: expires_at must be ms since 1970 UTC, text like +5 minutes, or none')
    -- SQLite takes 31 February for 3 March.
    WHEN NEW.scheduled_at LIKE '____-__-__%' AND date(substr(NEW.scheduled_at, 1, 10), '+0 days') <> substr(NEW.scheduled_at, 1, 10)
      THEN RAISE(ABORT, 'tq_push: scheduled_at must be ms since 1970 UTC, or text like +5 minutes; its month has no such day')
    WHEN NEW.expected_at LIKE '____-__-__%' AND date(substr(NEW.expected_at, 1, 10), '+0 days') <> substr(NEW.expected_at, 1, 10)
      THEN RAISE(ABORT, 'tq_push: expected_at must be ms since 1970 UTC, or text like +5 minutes; its month has no such day')
    WHEN NEW.expires_at LIKE '____-__-__%' AND date(substr(NEW.expires_at, 1, 10), '+0 days') <> substr(NEW.expires_at, 1, 10)
      THEN RAISE(ABORT, 'tq_push: expires_at must be ms since 1970 UTC, text like +5 minutes, or none; its month has no such day')
    -- A number needs an exponent, or some 300 digits, to be beyond all that a program can hold.
    WHEN (NEW.args GLOB '*[0-9][eE][0-9+]*' OR length(NEW.args) > 300) AND json_valid(NEW.args)
     AND EXISTS (SELECT 1 FROM json_tree(NEW.args) WHERE type = 'real' AND abs(value) = 9e999)
      THEN RAISE(ABORT, 'tq_push: args holds a number that is too big, such as 1e999')
    WHEN (NEW.kwargs GLOB '*[0-9][eE][0-9+]*' OR length(NEW.kwargs) > 300) AND json_valid(NEW.kwargs)
     AND EXISTS (SELECT 1 FROM json_tree(NEW.kwargs) WHERE type = 'real' AND abs(value) = 9e999)
      THEN RAISE(ABORT, 'tq_push: kwargs holds a number that is too big, such as 1e999')
    WHEN (NEW.context GLOB '*[0-9][eE][0-9+]*' OR length(NEW.context) > 300) AND json_valid(NEW.context)
     AND EXISTS (SELECT 1 FROM json_tree(NEW.context) WHERE type = 'real' AND abs(value) = 9e999)
      THEN RAISE(ABORT, 'tq_push: context holds a number that is too big, such as 1e999')
  END;
END;

CREATE TRIGGER tq_push_policies INSTEAD OF INSERT ON tq_push
WHEN NEW.attempts IS NOT NULL OR NEW.backoff IS NOT NULL OR NEW.timeout IS NOT NULL
BEGIN
  SELECT CASE
    WHEN typeof(NEW.attempts) NOT IN ('null', 'integer') OR NEW.attempts NOT BETWEEN 1 AND 1000000
      THEN RAISE(ABORT, 'tq_push: attempts must be an integer from 1 to 1000000')
    WHEN typeof(NEW.timeout) NOT IN ('null', 'text') OR instr(NEW.timeout, char(0))
      THEN RAISE(ABORT, 'tq_push: timeout must be text: a length of time like 30s or 1h30m, from 10ms to 20d, or none')
    WHEN typeof(NEW.backoff) NOT IN ('null', 'text') OR instr(NEW.backoff, char(0))
      OR (NEW.backoff NOT IN ('exponential', 'linear', 'fixed') AND NEW.backoff NOT GLOB '[0-9pP]*'
          AND NOT (json_valid(NEW.backoff) AND json_type(NEW.backoff) IN ('array', 'object')))
      THEN RAISE(ABORT, 'tq_push: backoff must be text: exponential, linear, fixed, a length like 30s, or JSON like ["10s", "1m"]')
    WHEN json_valid(NEW.backoff) AND json_type(NEW.backoff) = 'array'
     AND (json_array_length(NEW.backoff) NOT BETWEEN 1 AND 1000
          OR EXISTS (SELECT 1 FROM json_each(NEW.backoff) WHERE type <> 'text'))
      THEN RAISE(ABORT, 'tq_push: backoff must be a list of 1 to 1000 lengths of time like ["10s", "1m"]')
    WHEN json_valid(NEW.backoff) AND json_type(NEW.backoff) = 'object'
     AND EXISTS (
           SELECT 1 FROM json_each(NEW.backoff)
            WHERE NOT CASE key
                    WHEN 'kind' THEN type = 'text' AND value IN ('exponential', 'linear', 'fixed')
                    WHEN 'first' THEN type = 'text'
                    WHEN 'longest' THEN type = 'text'
                    WHEN 'factor' THEN type IN ('integer', 'real') AND value BETWEEN 1 AND 100
                    WHEN 'jitter' THEN type IN ('true', 'false', 'integer', 'real') AND value BETWEEN 0 AND 1
                    ELSE 0 END)
      THEN RAISE(ABORT, 'tq_push: backoff must be a rule like {"kind": "exponential", "first": "10s", "factor": 2, "longest": "1h", "jitter": 1}; factor is from 1 to 100, jitter from 0 to 1')
  END;
  -- Every length of time in them: 1h30m becomes ["1h", "30m", ""], whose units must come in the order of wdhmsx (x: ms)
  -- and whose sum must be in bounds. Of ISO 8601, as PT5M, a run reads more than its letters.
  SELECT CASE option
           WHEN 'timeout' THEN RAISE(ABORT, 'tq_push: timeout must be text: a length of time like 30s or 1h30m, from 10ms to 20d, or none')
           ELSE RAISE(ABORT, 'tq_push: backoff must have lengths of time like 30s or 1h30m, from 0s to 365d') END
    FROM (SELECT 'timeout' AS option, replace(NEW.timeout, 'ms', 'x') AS length, 10 AS least, 1728000000 AS most
           WHERE NEW.timeout <> 'none'
          UNION ALL
          SELECT 'backoff', replace(NEW.backoff, 'ms', 'x'), 0, 31536000000 WHERE NEW.backoff GLOB '[0-9pP]*'
          UNION ALL
          SELECT 'backoff', replace(value, 'ms', 'x'), 0, 31536000000
            FROM json_each(iif(json_valid(NEW.backoff), NEW.backoff, '[]'))
           WHERE type = 'text' AND key IS NOT 'kind')
   WHERE NOT CASE
     WHEN length GLOB '[pP]*' THEN length NOT GLOB '*[^0-9.,PTWDHMSptwdhms]*' AND length GLOB '*[0-9][WDHMSwdhms]'
      AND substr(length, 1, instr(upper(length) || 'T', 'T')) NOT GLOB '*[mM]*' -- months have no fixed length
     WHEN length NOT GLOB '[0-9]*' OR length GLOB '*[^0-9.wdhmsx]*' THEN 0
     ELSE (SELECT min(value = '' OR (amount GLOB '[0-9]*' AND amount NOT GLOB '*.' AND amount NOT GLOB '*.*.*' AND unit GLOB '[a-z]'))
                  AND 'wdhmsx' GLOB '*' || group_concat(nullif(unit, ''), '*') || '*'
                  AND sum(amount * CASE unit WHEN 'w' THEN 604800000 WHEN 'd' THEN 86400000 WHEN 'h' THEN 3600000
                                             WHEN 'm' THEN 60000 WHEN 's' THEN 1000 WHEN 'x' THEN 1 ELSE 0 END) BETWEEN least AND most
             FROM (SELECT value, rtrim(value, 'wdhmsx') AS amount, substr(value, -1) AS unit
                     FROM json_each('["' || replace(replace(replace(replace(replace(replace(
                            length, 'w', 'w","'), 'd', 'd","'), 'h', 'h","'), 'm', 'm","'), 's', 's","'), 'x', 'x","') || '"]')))
     END;
END;
