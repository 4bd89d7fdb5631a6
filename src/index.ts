/** The exports of the module "tq". */
// These two are loaded for what they set: the names of classes, and the function that runs pushed tasks here.
import "./model/class-names.ts";
import "./run/without-worker.ts";

export * as v from "valibot";
export { Decimal } from "./values/decimal.ts";
export { TqError, UserError, UserWarning } from "./errors.ts";
export { Cancel, Retry, Snooze } from "./policies/verdicts.ts";
export type { Failure } from "./failure.ts";
export type { Backoff } from "./policies/backoff.ts";
export type { TaskPolicy } from "./policies/table.ts";
export { backup } from "./transaction/backup.ts";
export { currentTask, type CurrentTask } from "./transaction/current-task.ts";
export { Model } from "./model/model.ts";
export { ModelSQL } from "./model/model-sql.ts";
export { task, type TaskFunction } from "./model/task-function.ts";
export { push, pushMany } from "./push/push.ts";
export type { PushOptions, TaskOptions } from "./push/task-options.ts";
export type { Queue, Redact, TaskPolicies } from "./model/queue-types.ts";
export type { RecurringTasks } from "./model/recurring-types.ts";
export { Transaction, type TransactionOptions } from "./transaction/transaction.ts";
export type { SqlRows, SqlValue, TransactionSql } from "./transaction/sql.ts";
export { startWorker } from "./start-worker.ts";
export type { EmbeddedWorker, WorkerOptions } from "./embed.ts";
export type { WorkerEvent, WorkerEventName } from "./log/events.ts";
export { tasks, type Tasks } from "./tasks/tasks.ts";
export { ResultNotKeptError, TaskFailedError, TimeoutError } from "./tasks/ended-errors.ts";
export type { TaskHandle } from "./tasks/handle.ts";
export type { ResultOptions, WatchOptions } from "./tasks/wait-options.ts";
export type { PauseOptions, Pausing } from "./tasks/pauses.ts";
export type { Pause } from "./store/pauses.ts";
export type { WatchedTask } from "./tasks/watch.ts";
export type { TaskProgress } from "./store/task-output.ts";
export type { Why } from "./tasks/why/explanation.ts";
export type { TaskFilter } from "./tasks/filter.ts";
export type { PathValue } from "./tasks/path-condition.ts";
export type { Attempt, AttemptOutcome, Task, TaskError, TaskState } from "./task.ts";
