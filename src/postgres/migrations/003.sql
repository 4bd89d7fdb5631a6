-- What each worker has read of a recurring task: the files of two hosts may differ though their paths are the same.
ALTER TABLE tq.cron_read ADD COLUMN definition text COLLATE "C";

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
