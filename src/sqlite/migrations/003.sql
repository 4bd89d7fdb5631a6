-- Why a scheduled task waits: a run that met a busy database put it off, this often since its push or its last retry
-- by hand, and at this time. Without a time its pusher chose when it is due.
ALTER TABLE tq__task ADD COLUMN postponed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tq__task ADD COLUMN postponed_at INTEGER;

-- Older versions put off by an hour at most.
UPDATE tq__task
   SET postponed = attempts, postponed_at = max(enqueued_at, scheduled_at - 3600000)
 WHERE state = 'scheduled' AND attempts > 0;
