-- The build of each worker, and why it can run no task though it lives; NULL: it can, or an older build started it.
ALTER TABLE tq__worker ADD COLUMN version TEXT;
ALTER TABLE tq__worker ADD COLUMN trouble TEXT;

DROP VIEW tq_workers;
CREATE VIEW tq_workers AS
SELECT id, pid, host, started_at, threads, queues,
       (SELECT count(*) FROM tq__task WHERE state = 'running' AND worker = tq__worker.id) AS running,
       version, trouble
  FROM tq__worker;
