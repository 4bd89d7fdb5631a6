-- The limits of a push by plain SQL, which are those of the other ways in: src/push/task-options.ts.
-- A date without a zone is local time there. SQLite's own functions write one in UTC, and nothing tells them apart; its
-- modifiers that are no length of time, such as 'start of day' and 'localtime', count in UTC as well.
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
    WHEN typeof(NEW.user) = 'integer' AND NEW.user NOT BETWEEN 0 AND 9007199254740991
      THEN RAISE(ABORT, 'tq_push: user must be an integer from 0 to 9007199254740991')
    WHEN typeof(NEW.priority) = 'integer' AND NEW.priority NOT BETWEEN -9007199254740991 AND 9007199254740991
      THEN RAISE(ABORT, 'tq_push: priority must be an integer from -9007199254740991 to 9007199254740991')
    WHEN NEW.scheduled_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
     AND NOT (rtrim(NEW.scheduled_at) GLOB '*[zZ]' OR rtrim(NEW.scheduled_at) GLOB '*[-+][0-9][0-9]:[0-9][0-9]')
      THEN RAISE(ABORT, 'tq_push: scheduled_at must be ms since 1970 UTC, or text like +5 minutes; a date needs a time with Z for UTC, or with an offset: 2026-12-01 07:00+01:00')
    WHEN typeof(NEW.scheduled_at) = 'text' AND NEW.scheduled_at <> 'now' AND NEW.scheduled_at NOT GLOB '[-+0-9]*'
      THEN RAISE(ABORT, 'tq_push: scheduled_at must be ms since 1970 UTC, or text like +5 minutes')
    WHEN NEW.expected_at GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'
     AND NOT (rtrim(NEW.expected_at) GLOB '*[zZ]' OR rtrim(NEW.expected_at) GLOB '*[-+][0-9][0-9]:[0-9][0-9]')
      THEN RAISE(ABORT, 'tq_push: expected_at must be ms since 1970 UTC, or text like +5 minutes; a date needs a time with Z for UTC, or with an offset: 2026-12-01 07:00+01:00')
    WHEN typeof(NEW.expected_at) = 'text' AND NEW.expected_at <> 'now' AND NEW.expected_at NOT GLOB '[-+0-9]*'
      THEN RAISE(ABORT, 'tq_push: expected_at must be ms since 1970 UTC, or text like +5 minutes')
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
