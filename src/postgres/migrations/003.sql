-- The definition of a recurring task as each worker has read it: the files of two hosts may differ though their paths are
-- the same.
ALTER TABLE tq.cron_read ADD COLUMN definition text COLLATE "C";

-- Since when a worker has seen that none has its file any more; NULL: one has it, or none has looked since.
ALTER TABLE tq.cron ADD COLUMN left_at bigint;

-- The schema of the models' tables: that of the views.
ALTER TABLE tq.schema ADD COLUMN models text COLLATE "C";
UPDATE tq.schema SET models = (
  SELECT nspname
    FROM pg_trigger
    JOIN pg_proc ON pg_proc.oid = tgfoid
    JOIN pg_class ON pg_class.oid = tgrelid
    JOIN pg_namespace ON pg_namespace.oid = relnamespace
   WHERE pronamespace = 'tq'::regnamespace AND relname = 'tq_push'
   LIMIT 1);

-- Programs that know an older version than this do not go on with this schema.
ALTER TABLE tq.schema ADD COLUMN oldest integer NOT NULL DEFAULT 1;

-- The ms of a length of time as PostgreSQL writes an interval in any IntervalStyle, and Python a timedelta: 00:05:00,
-- 1 day 00:05:00, @ 5 mins, 1 0:05:00, PT5M, 1 day, 0:05:00. NULL: it is none of these. A time of day has no seconds.
CREATE FUNCTION tq.interval_ms(value text, now bigint) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
  trimmed text := replace(btrim(value), ', ', ' ');
  unit    text := '[-+]?[0-9]+(\.[0-9]+)?\s+(year|yr|mon|month|week|day|hour|hr|minute|min|second|sec|millisecond)s?';
  clock   text := '[-+]?[0-9]+:[0-9]{2}:[0-9]{2}(\.[0-9]+)?';
BEGIN
  IF trimmed ~* ('^(@\s*)?' || unit || '(\s+' || unit || ')*(\s+' || clock || ')?(\s+ago)?$')
     OR trimmed ~ ('^([-+]?[0-9]+-[0-9]+\s+)?([-+]?[0-9]+\s+)?' || clock || '$')
     OR trimmed ~* '^P[-+0-9.YMWDTHS]*[0-9][YMWDHS]$' THEN
    RETURN round(extract(epoch FROM (to_timestamp(now / 1000.0::float8) AT TIME ZONE 'UTC' + trimmed::interval)) * 1000) - now;
  END IF;
  RETURN NULL;
EXCEPTION WHEN datetime_field_overflow OR interval_field_overflow OR invalid_datetime_format THEN
  RETURN NULL;
END $$;

-- Comes before push_row, by its name. An ISO duration of a policy stays: a run reads it.
CREATE FUNCTION tq.plain_lengths() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  now bigint := round(extract(epoch FROM clock_timestamp()) * 1000);
BEGIN
  NEW.scheduled_at := coalesce(tq.interval_ms(NEW.scheduled_at, now) || ' milliseconds', NEW.scheduled_at);
  NEW.expected_at := coalesce(tq.interval_ms(NEW.expected_at, now) || ' milliseconds', NEW.expected_at);
  NEW.expires_at := coalesce(tq.interval_ms(NEW.expires_at, now) || ' milliseconds', NEW.expires_at);
  IF NEW.timeout !~* '^\s*P' THEN NEW.timeout := coalesce(tq.interval_ms(NEW.timeout, now) || 'ms', NEW.timeout); END IF;
  IF NEW.backoff !~* '^\s*P' THEN NEW.backoff := coalesce(tq.interval_ms(NEW.backoff, now) || 'ms', NEW.backoff); END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER plain_lengths INSTEAD OF INSERT ON tq_push FOR EACH ROW EXECUTE FUNCTION tq.plain_lengths();

-- Their bodies have backslashes in texts, which a session may take for escapes.
ALTER FUNCTION tq.plain_lengths() SET standard_conforming_strings = on;
ALTER FUNCTION tq.push_row() SET standard_conforming_strings = on;

REVOKE ALL ON FUNCTION tq.interval_ms(text, bigint), tq.plain_lengths() FROM PUBLIC;

-- A statement that finds no row to change is refused too: UPDATE and DELETE of tq_push never find one.
DO $$ DECLARE view text; BEGIN
  FOR view IN
    SELECT quote_ident(nspname) || '.' || quote_ident(relname)
      FROM pg_trigger
      JOIN pg_class ON pg_class.oid = tgrelid
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE tgfoid = 'tq.refuse_change()'::regprocedure
     ORDER BY relname
  LOOP EXECUTE 'CREATE TRIGGER refuses BEFORE UPDATE OR DELETE ON ' || view || ' FOR EACH STATEMENT EXECUTE FUNCTION tq.refuse_change()'; END LOOP;
END $$;

-- A standby has none of it, and cannot read the table. The statement is planned only where it runs.
CREATE FUNCTION tq.live_outputs() RETURNS SETOF tq.live_output LANGUAGE plpgsql STABLE ROWS 100 AS $$
BEGIN
  IF NOT pg_is_in_recovery() THEN RETURN QUERY SELECT * FROM tq.live_output; END IF;
END $$;
