-- What each worker has read of a recurring task: the files of two hosts may differ though their paths are the same.
ALTER TABLE tq.cron_read ADD COLUMN definition text COLLATE "C";
