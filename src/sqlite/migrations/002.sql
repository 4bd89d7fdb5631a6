-- The version of this schema. Not PRAGMA user_version: that one is the application's whose tables share the file.
CREATE TABLE tq__schema (version INTEGER NOT NULL) STRICT;
INSERT INTO tq__schema VALUES (2);

-- More that a push by plain SQL is refused for, as over HTTP.
CREATE TRIGGER tq_push_check INSTEAD OF INSERT ON tq_push
BEGIN
  SELECT CASE
    WHEN json_valid(NEW.context)
     AND EXISTS (SELECT 1 FROM json_each(NEW.context) WHERE CAST(key AS TEXT) GLOB 'queue_*')
      THEN RAISE(ABORT, 'tq_push: context must not have queue_ keys; use the columns queue, priority, scheduled_at and expected_at')
    WHEN typeof(NEW.scheduled_at) = 'integer' AND NEW.scheduled_at NOT BETWEEN 100000000000 AND 8640000000000000
      THEN RAISE(ABORT, 'tq_push: scheduled_at must be ms since 1970 UTC, or text like +5 minutes; is it seconds?')
    WHEN typeof(NEW.expected_at) = 'integer' AND NEW.expected_at NOT BETWEEN 100000000000 AND 8640000000000000
      THEN RAISE(ABORT, 'tq_push: expected_at must be ms since 1970 UTC, or text like +5 minutes; is it seconds?')
  END;
END;
