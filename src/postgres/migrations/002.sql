-- The way in and out for plain SQL: views with the names and columns that they have on SQLite. They stand beside the tables
-- of the models, in the first schema of the search path, so that the same statements run on both databases.

CREATE VIEW tq_tasks AS
SELECT id, state, queue, priority, model, method, instances, args, "user", context, ref,
       enqueued_at, scheduled_at, expected_at, expires_at, dequeued_at, finished_at,
       attempts, failures, snoozes, crashes, worker, policy, result,
       CASE WHEN state <> 'running' THEN reason END AS reason
  FROM tq.task;

CREATE VIEW tq_errors AS
SELECT id, task, name, code, message, stack, attempt, count, first_at, last_at
  FROM tq.error;

CREATE VIEW tq_output AS SELECT task, attempt, text FROM tq.output;

-- All runs of a task: those that did not finish it, and the one that runs or has finished it. When a run died with its
-- process nobody saw: `ended_at` is when that was found, which may be the next morning.
CREATE VIEW tq_attempts AS
SELECT run.task, run.number, run.outcome, run.started_at, run.ended_at,
       CASE WHEN run.started_at IS NOT NULL THEN greatest(run.started_at - run.due_at, 0) END AS waited,
       CASE WHEN run.outcome NOT IN ('interrupted', 'crashed')
              OR coalesce(run.reason, error.message, '') NOT IN ('its worker process died', 'its machine went down', 'its database was restored')
            THEN run.ended_at - run.started_at END AS ran,
       CASE WHEN task.expected_at IS NOT NULL THEN greatest(run.ended_at - task.expected_at, 0) END AS late,
       run.reason, error.name, error.code, error.message, error.stack, run.worker, run.thread
  FROM tq.attempt AS run
  JOIN tq.task AS task ON task.id = run.task
  LEFT JOIN tq.error AS error ON error.id = run.error
UNION ALL
SELECT id, attempts + CASE state WHEN 'running' THEN 1 ELSE 0 END, state, dequeued_at, finished_at,
       CASE WHEN dequeued_at IS NOT NULL
            THEN greatest(dequeued_at - greatest(coalesce(scheduled_at, enqueued_at),
                                                 (SELECT max(ended_at) FROM tq.attempt WHERE task = task.id)), 0) END,
       finished_at - dequeued_at,
       CASE WHEN finished_at IS NOT NULL AND expected_at IS NOT NULL THEN greatest(finished_at - expected_at, 0) END,
       CASE WHEN state <> 'running' THEN reason END, NULL, NULL, NULL, NULL, worker, thread
  FROM tq.task AS task
 WHERE state IN ('running', 'finished');

CREATE VIEW tq_workers AS
SELECT id, pid, host, started_at, threads, queues,
       (SELECT count(*) FROM tq.task WHERE state = 'running' AND task.worker = worker.id) AS running,
       version, schema, trouble, threads_ready, models_at
  FROM tq.worker AS worker;

CREATE VIEW tq_queues AS
SELECT queue,
       count(*) FILTER (WHERE state = 'scheduled') AS scheduled,
       count(*) FILTER (WHERE state = 'ready') AS ready,
       count(*) FILTER (WHERE state = 'running') AS running,
       count(*) FILTER (WHERE state = 'failed') AS failed
  FROM (SELECT queue, state FROM tq.task WHERE state = 'scheduled'
        UNION ALL
        SELECT queue, state FROM tq.task WHERE state = 'ready' AND suspect = 0
        UNION ALL
        SELECT queue, state FROM tq.task WHERE state = 'ready' AND suspect > 0
        UNION ALL
        SELECT queue, state FROM tq.task WHERE state = 'running'
        UNION ALL
        SELECT queue, state FROM tq.task WHERE state = 'failed' AND finished_at IS NOT NULL) AS counted
 GROUP BY queue;

CREATE VIEW tq_pauses AS
SELECT kind, name, since, paused_by, reason, until FROM tq.pause;

CREATE VIEW tq_cron AS
SELECT name, origin, kind, definition, override, decided_until, changed_at, removed_at FROM tq.cron;

CREATE VIEW tq_cron_slots AS
SELECT cron, slot, first_slot, decided_at, outcome, reason, task, worker FROM tq.cron_slot;

-- All lengths of time in ms: minutes, and the hours whose minutes have been deleted.
CREATE VIEW tq_stats AS
SELECT at, span, queue, model, method,
       finished, failed, retried, snoozed, cancelled, postponed, interrupted, crashed,
       wait_count, wait_sum / 1000.0::float8 / nullif(wait_count, 0) AS wait_mean, CASE WHEN wait_count > 0 THEN wait_worst / 1000.0::float8 END AS wait_worst,
       run_count, run_sum / 1000.0::float8 / nullif(run_count, 0) AS run_mean, CASE WHEN run_count > 0 THEN run_worst / 1000.0::float8 END AS run_worst,
       late_start_count, late_start_sum / 1000.0::float8 / nullif(late_start_count, 0) AS late_start_mean, CASE WHEN late_start_count > 0 THEN late_start_worst / 1000.0::float8 END AS late_start_worst,
       late_end_count, late_end_sum / 1000.0::float8 / nullif(late_end_count, 0) AS late_end_mean, CASE WHEN late_end_count > 0 THEN late_end_worst / 1000.0::float8 END AS late_end_worst
  FROM tq.statistic
 WHERE model <> ''
   AND (span = 60000
        OR span = 3600000 AND at + 3600000 <= coalesce((SELECT min(at) FROM tq.statistic WHERE span = 60000), 9000000000000000000));

-- The views show: PostgreSQL would let a simple one be changed.
CREATE FUNCTION tq.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'cannot modify %: it shows what is there; use tq, or INSERT INTO tq_push', TG_TABLE_NAME;
END $$;
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_tasks FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_errors FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_output FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_attempts FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_workers FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_queues FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_pauses FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_cron FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_cron_slots FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();
CREATE TRIGGER shows INSTEAD OF INSERT OR UPDATE OR DELETE ON tq_stats FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();

-- The way in: INSERT INTO tq_push (model, method, instances) VALUES ('sale', 'process', '[7]') RETURNING id. What has
-- several types on SQLite is text here: integers, json and timestamptz become it by themselves.
CREATE VIEW tq_push AS
SELECT NULL::bigint AS id, NULL::text AS model, NULL::text AS method, NULL::text AS instances, NULL::text AS args,
       NULL::text AS kwargs, NULL::bigint AS "user", NULL::text AS context, NULL::text AS queue,
       NULL::bigint AS priority, NULL::text AS scheduled_at, NULL::text AS expected_at, NULL::text AS expires_at,
       NULL::bigint AS attempts, NULL::text AS backoff, NULL::text AS timeout, NULL::text AS ref
 WHERE false;
CREATE TRIGGER takes_inserts INSTEAD OF UPDATE OR DELETE ON tq_push FOR EACH ROW EXECUTE FUNCTION tq.refuse_change();

CREATE FUNCTION tq.refuse(why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'tq_push: %', why USING ERRCODE = '22023';
END $$;

-- NULL for text that is no JSON.
CREATE FUNCTION tq.json_of(value text) RETURNS json LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN value::json;
EXCEPTION WHEN invalid_text_representation THEN
  RETURN NULL;
END $$;

-- True where JSON holds a number beyond all that a program can hold.
CREATE FUNCTION tq.has_huge_number(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF value !~ '[0-9][eE][0-9+]' AND length(value) <= 300 THEN RETURN false; END IF;
  RETURN jsonb_path_exists(replace(value, '\u0000', ' ')::jsonb,
    '$.** ? (@.type() == "number" && (@ > 1.7976931348623157e308 || @ < -1.7976931348623157e308))');
EXCEPTION
  WHEN numeric_value_out_of_range THEN RETURN true;
  WHEN invalid_text_representation OR untranslatable_character THEN RETURN false; -- half a pair of surrogates: jsonb takes none
END $$;

-- A time of a push as ms since 1970 UTC: such a number, "now", a length of time from now on such as +5 minutes, or a date
-- and time with its zone. Refuses all else: `others` are the words for what the column takes besides.
CREATE FUNCTION tq.time_of(name text, value text, now bigint, others text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  words text := name || ' must be ms since 1970 UTC, ' || others;
  trimmed text := btrim(value);
  ms bigint;
BEGIN
  IF trimmed ~ '^[-+]?[0-9]+$' THEN
    IF length(trimmed) > 17 OR trimmed::bigint NOT BETWEEN 100000000000 AND 8640000000000000 THEN
      PERFORM tq.refuse(words || '; is it seconds?');
    END IF;
    RETURN trimmed::bigint;
  END IF;
  IF trimmed = 'now' THEN RETURN now; END IF;
  IF trimmed ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN
    IF trimmed !~ '[0-9]:[0-9]{2}.*([zZ]|[-+][0-9]{2}(:?[0-9]{2})?)$' THEN
      PERFORM tq.refuse(words || '; a date needs a time with Z for UTC, or with an offset: 2026-12-01 07:00+01:00');
    END IF;
    BEGIN
      ms := round(extract(epoch FROM trimmed::timestamptz) * 1000);
    EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format OR invalid_time_zone_displacement_value THEN
      IF SQLSTATE = '22008' AND trimmed ~ '^[0-9]{4}-(0[1-9]|1[0-2])-[0-3][0-9]' THEN
        PERFORM tq.refuse(words || '; its month has no such day');
      END IF;
    END;
  ELSIF current_setting('DateStyle') !~ '^ISO' AND trimmed ~ '[0-9]{4}' AND trimmed ~ '[0-9]:[0-9]{2}' THEN
    BEGIN
      ms := round(extract(epoch FROM trimmed::timestamptz) * 1000); -- a timestamptz that this session has made text
    EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format OR invalid_time_zone_displacement_value THEN
      ms := NULL;
    END;
  ELSIF trimmed ~* '^[-+]?\s*[0-9]+(\.[0-9]+)?\s+(millisecond|second|minute|hour|day|week|month|year)s?(\s+[-+]?[0-9]+(\.[0-9]+)?\s+(millisecond|second|minute|hour|day|week|month|year)s?)*$'
     OR trimmed ~ '^[-+][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$' THEN
    BEGIN
      ms := round(extract(epoch FROM to_timestamp(now / 1000.0::float8) AT TIME ZONE 'UTC' + trimmed::interval) * 1000);
    EXCEPTION WHEN datetime_field_overflow OR interval_field_overflow OR invalid_datetime_format THEN
      ms := NULL;
    END;
  END IF;
  IF ms IS NULL OR ms NOT BETWEEN 100000000000 AND 8640000000000000 THEN PERFORM tq.refuse(words); END IF;
  RETURN ms;
END $$;

-- The ms of a length of time such as 1h30m; NULL: it is none.
CREATE FUNCTION tq.length_of(value text) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value ~ '^([0-9]+(\.[0-9]+)?w)?([0-9]+(\.[0-9]+)?d)?([0-9]+(\.[0-9]+)?h)?([0-9]+(\.[0-9]+)?m)?([0-9]+(\.[0-9]+)?s)?([0-9]+(\.[0-9]+)?ms)?$'
               AND value <> '' AND length(value) <= 300
              THEN (SELECT sum(part[1]::float8 * CASE part[2] WHEN 'w' THEN 604800000 WHEN 'd' THEN 86400000 WHEN 'h' THEN 3600000
                                                              WHEN 'm' THEN 60000 WHEN 's' THEN 1000 ELSE 1 END)
                      FROM regexp_matches(value, '([0-9.]+)(ms|[wdhms])', 'g') AS part) END
$$;

-- True for a length of time within these bounds. Of ISO 8601, as PT5M, a run reads more than its letters.
CREATE FUNCTION tq.is_length(value text, lowest float8, highest float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN value ~* '^p' THEN value ~* '^p[0-9.,twdhms]*[0-9][wdhms]$' AND split_part(upper(value), 'T', 1) NOT LIKE '%M%' -- months have no fixed length
              ELSE coalesce(tq.length_of(value) BETWEEN lowest AND highest, false) END
$$;

CREATE FUNCTION tq.check_policies(attempts bigint, backoff text, timeout text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  rule json := CASE WHEN backoff ~ '^\s*[\[{]' THEN tq.json_of(backoff) END;
  kind text := json_typeof(rule);
BEGIN
  IF attempts NOT BETWEEN 1 AND 1000000 THEN PERFORM tq.refuse('attempts must be an integer from 1 to 1000000'); END IF;
  IF timeout <> 'none' AND NOT tq.is_length(timeout, 10, 1728000000) THEN
    PERFORM tq.refuse('timeout must be text: a length of time like 30s or 1h30m, from 10ms to 20d, or none');
  END IF;
  IF backoff IS NULL OR backoff IN ('exponential', 'linear', 'fixed') THEN RETURN; END IF;
  IF kind IS NULL AND backoff !~ '^[0-9pP]' THEN
    PERFORM tq.refuse('backoff must be text: exponential, linear, fixed, a length like 30s, or JSON like ["10s", "1m"]');
  END IF;
  IF kind = 'array' AND (json_array_length(rule) NOT BETWEEN 1 AND 1000
       OR EXISTS (SELECT FROM json_array_elements(rule) AS one WHERE json_typeof(one) <> 'string')) THEN
    PERFORM tq.refuse('backoff must be a list of 1 to 1000 lengths of time like ["10s", "1m"]');
  END IF;
  IF kind = 'object' AND EXISTS (
       SELECT FROM json_each(rule) AS part (key, value)
        WHERE NOT CASE key
                WHEN 'kind' THEN json_typeof(value) = 'string' AND value #>> '{}' IN ('exponential', 'linear', 'fixed')
                WHEN 'first' THEN json_typeof(value) = 'string'
                WHEN 'longest' THEN json_typeof(value) = 'string'
                WHEN 'factor' THEN CASE WHEN json_typeof(value) = 'number' THEN (value #>> '{}')::numeric BETWEEN 1 AND 100 ELSE false END
                WHEN 'jitter' THEN CASE json_typeof(value) WHEN 'number' THEN (value #>> '{}')::numeric BETWEEN 0 AND 1 WHEN 'boolean' THEN true ELSE false END
                ELSE false END) THEN
    PERFORM tq.refuse('backoff must be a rule like {"kind": "exponential", "first": "10s", "factor": 2, "longest": "1h", "jitter": 1}; factor is from 1 to 100, jitter from 0 to 1');
  END IF;
  IF EXISTS (
       SELECT FROM (SELECT backoff AS length WHERE kind IS NULL
                    UNION ALL SELECT one #>> '{}' FROM json_array_elements(CASE kind WHEN 'array' THEN rule ELSE '[]' END) AS one
                    UNION ALL SELECT value #>> '{}' FROM json_each(CASE kind WHEN 'object' THEN rule ELSE '{}' END) WHERE key IN ('first', 'longest')) AS lengths
        WHERE NOT tq.is_length(length, 0, 31536000000)) THEN
    PERFORM tq.refuse('backoff must have lengths of time like 30s or 1h30m, from 0s to 365d');
  END IF;
END $$;

-- It runs with the rights of its owner: who may INSERT INTO tq_push needs no other right.
CREATE FUNCTION tq.push_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  times     text := 'or text like +5 minutes';
  now       bigint := round(extract(epoch FROM clock_timestamp()) * 1000);
  instances json;
  args      json := '[]';
  kwargs    json := '{}';
  context   json := '{}';
  scheduled bigint;
  expected  bigint;
  expires   bigint;
  policy    text;
BEGIN
  IF NEW.id IS NOT NULL THEN PERFORM tq.refuse('id comes from tq: leave it out, and have it back by RETURNING id'); END IF;
  IF coalesce(NEW.model, '') = '' THEN PERFORM tq.refuse('model must be the name of a model, as text'); END IF;
  -- Neither method nor instances: the model is the name of a plain function.
  IF coalesce(NEW.method, '') = '' AND NOT (NEW.method IS NULL AND NEW.instances IS NULL) THEN
    PERFORM tq.refuse('method must be the name of a method, as text');
  END IF;
  IF length(NEW.model) > 1000 THEN PERFORM tq.refuse('model must be text of 1 to 1000 characters, without NUL'); END IF;
  IF length(NEW.method) > 1000 THEN PERFORM tq.refuse('method must be text of 1 to 1000 characters, without NUL'); END IF;
  IF NEW.queue = '' THEN PERFORM tq.refuse('queue must be the name of a queue, as text'); END IF;
  IF length(NEW.queue) > 1000 THEN PERFORM tq.refuse('queue must be text of 1 to 1000 characters, without NUL'); END IF;
  IF NEW.ref = '' THEN PERFORM tq.refuse('ref must be text'); END IF;
  IF length(NEW.ref) > 1000 THEN PERFORM tq.refuse('ref must be text of 1 to 1000 characters, without NUL'); END IF;
  IF NEW."user" NOT BETWEEN 0 AND 9007199254740991 THEN PERFORM tq.refuse('user must be an integer from 0 to 9007199254740991'); END IF;
  IF NEW.priority NOT BETWEEN -9007199254740991 AND 9007199254740991 THEN
    PERFORM tq.refuse('priority must be an integer from -9007199254740991 to 9007199254740991');
  END IF;
  IF NEW.method IS NOT NULL THEN
    IF NEW.instances ~ '^\s*-?[0-9]+\s*$' THEN
      IF length(NEW.instances) > 1000 OR NEW.instances::numeric NOT BETWEEN -9007199254740991 AND 9007199254740991 THEN
        PERFORM tq.refuse('instances must hold ids only, as integers');
      END IF;
    END IF;
    instances := tq.json_of(NEW.instances);
    IF instances IS NULL OR json_typeof(instances) NOT IN ('number', 'array')
       OR (json_typeof(instances) = 'number' AND NEW.instances !~ '^\s*-?[0-9]+\s*$') THEN
      PERFORM tq.refuse('instances must be JSON: an id, or a list of ids like [7, 8]');
    END IF;
    IF json_typeof(instances) = 'array' THEN
      IF json_array_length(instances) = 0 THEN
        PERFORM tq.refuse('instances is an empty list: there is nothing to call the method on');
      END IF;
      IF EXISTS (SELECT FROM json_array_elements(instances) AS id
                  WHERE CASE WHEN json_typeof(id) = 'number' AND id::text ~ '^-?[0-9]+$' AND length(id::text) <= 1000
                             THEN id::text::numeric NOT BETWEEN -9007199254740991 AND 9007199254740991 ELSE true END) THEN
        PERFORM tq.refuse('instances must hold ids only, as integers');
      END IF;
    END IF;
  END IF;
  IF NEW.args IS NOT NULL THEN
    args := tq.json_of(NEW.args);
    IF args IS NULL OR json_typeof(args) <> 'array' THEN PERFORM tq.refuse('args must be a JSON array'); END IF;
    IF tq.has_huge_number(NEW.args) THEN PERFORM tq.refuse('args holds a number that is too big, such as 1e999'); END IF;
  END IF;
  IF NEW.kwargs IS NOT NULL THEN
    kwargs := tq.json_of(NEW.kwargs);
    IF kwargs IS NULL OR json_typeof(kwargs) <> 'object' THEN PERFORM tq.refuse('kwargs must be a JSON object'); END IF;
    IF tq.has_huge_number(NEW.kwargs) THEN PERFORM tq.refuse('kwargs holds a number that is too big, such as 1e999'); END IF;
  END IF;
  IF NEW.context IS NOT NULL THEN
    context := tq.json_of(NEW.context);
    IF context IS NULL OR json_typeof(context) <> 'object' THEN PERFORM tq.refuse('context must be a JSON object'); END IF;
    IF tq.has_huge_number(NEW.context) THEN PERFORM tq.refuse('context holds a number that is too big, such as 1e999'); END IF;
    IF EXISTS (SELECT FROM json_object_keys(context) AS key WHERE key LIKE 'queue\_%') THEN
      PERFORM tq.refuse('context must not have queue_ keys; use the columns queue, priority, scheduled_at, expected_at, expires_at, attempts, backoff and timeout');
    END IF;
  END IF;
  IF NEW.scheduled_at IS NOT NULL THEN scheduled := tq.time_of('scheduled_at', NEW.scheduled_at, now, times); END IF;
  IF NEW.expected_at IS NOT NULL THEN expected := tq.time_of('expected_at', NEW.expected_at, now, times); END IF;
  IF NEW.expires_at <> 'none' THEN
    expires := tq.time_of('expires_at', NEW.expires_at, now, 'text like +5 minutes, or none');
    IF expires <= coalesce(scheduled, now) THEN
      PERFORM tq.refuse('expires_at must be later than scheduled_at, and than now');
    END IF;
  END IF;
  IF NEW.attempts IS NOT NULL OR NEW.backoff IS NOT NULL OR NEW.timeout IS NOT NULL THEN
    PERFORM tq.check_policies(NEW.attempts, NEW.backoff, NEW.timeout);
  END IF;
  IF NEW.attempts IS NOT NULL OR NEW.backoff IS NOT NULL OR NEW.timeout IS NOT NULL OR NEW.expires_at = 'none' THEN
    policy := json_strip_nulls(json_build_object(
      'attempts', NEW.attempts,
      'backoff', CASE WHEN NEW.backoff ~ '^\s*[\[{]' THEN NEW.backoff::json ELSE to_json(NEW.backoff) END,
      'timeout', NEW.timeout,
      'expires', CASE NEW.expires_at WHEN 'none' THEN 'none' END));
  END IF;
  INSERT INTO tq.task (state, queue, priority, deadline, model, method, instances, args, "user", context, ref,
                       enqueued_at, scheduled_at, expected_at, expires_at, policy)
  VALUES (CASE WHEN scheduled > now THEN 'scheduled' ELSE 'ready' END,
          coalesce(NEW.queue, 'default'),
          coalesce(NEW.priority, 0),
          coalesce(expected, scheduled, now),
          NEW.model,
          coalesce(NEW.method, 'call'),
          coalesce(btrim(NEW.instances, E' \t\r\n'), '[]'),
          CASE WHEN NOT EXISTS (SELECT FROM json_object_keys(kwargs)) THEN coalesce(btrim(NEW.args, E' \t\r\n'), '[]')
               WHEN json_array_length(args) = 0 THEN '[' || btrim(NEW.kwargs, E' \t\r\n') || ']'
               ELSE left(btrim(NEW.args, E' \t\r\n'), -1) || ',' || btrim(NEW.kwargs, E' \t\r\n') || ']' END,
          coalesce(NEW."user", 0),
          coalesce(btrim(NEW.context, E' \t\r\n'), '{}'),
          NEW.ref,
          now,
          scheduled,
          expected,
          expires,
          policy)
  ON CONFLICT (ref) WHERE ref IS NOT NULL DO NOTHING -- no EXCEPTION block: each would be a subtransaction
  RETURNING id INTO NEW.id;
  IF NEW.id IS NULL THEN
    RAISE EXCEPTION 'tq_push: ref is taken: another task has it' USING ERRCODE = '23505';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER push_row INSTEAD OF INSERT ON tq_push FOR EACH ROW EXECUTE FUNCTION tq.push_row();

-- Refuses what would change a queue that has moved: a trigger of a move calls it.
CREATE FUNCTION tq.refuse_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'tq migrate --to has moved this queue to %: name that one', (SELECT moved_to FROM tq.schema) USING ERRCODE = 'TQ002';
END $$;

-- Wakes idle workers at the commit, once for each statement. NOTIFY lets one transaction commit at a time, so there is none
-- while all workers are busy: they look by themselves.
CREATE FUNCTION tq.push_end() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM tq.worker WHERE idle) THEN PERFORM pg_notify('tq', ''); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER push_end AFTER INSERT ON tq_push FOR EACH STATEMENT EXECUTE FUNCTION tq.push_end();

-- Nobody but the owner calls them: PostgreSQL lets all do so unless told otherwise.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA tq FROM PUBLIC;
