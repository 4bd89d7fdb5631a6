/** The columns of a task as people see them: those of the view `tq_tasks`, as `toTask` reads them. */

/** A run that goes on may have the reason of the one before it. */
const REASON = "CASE WHEN task.state = 'running' THEN NULL ELSE task.reason END";

/** Of a table that is called `task` there. `ORDER BY task.id`: the column `id` here is a number of another type, without an index. */
export const TASK_COLUMNS = `
  task.id::float8 AS id, task.state, task.queue, task.priority::float8 AS priority, task.model, task.method,
  task.instances, task.args, task."user"::float8 AS "user", task.context, task.ref,
  task.enqueued_at::float8 AS enqueued_at, task.scheduled_at::float8 AS scheduled_at,
  task.expected_at::float8 AS expected_at, task.expires_at::float8 AS expires_at,
  task.dequeued_at::float8 AS dequeued_at, task.finished_at::float8 AS finished_at,
  task.attempts, task.failures, task.snoozes, task.crashes, task.worker, task.policy, task.result,
  ${REASON} AS reason`;
