/**
 * A task and its life: the words every other file uses.
 *
 * All times are integers, milliseconds since 1970-01-01 UTC. `context`, `args` and `result` stay JSON text
 * until a value is needed; `encoding.ts` decodes them there.
 */

export const TASK_STATES = [
  "scheduled",
  "ready",
  "running",
  "finished",
  "failed",
  "cancelled",
] as const;

export type TaskState = (typeof TASK_STATES)[number];

/** The states in which a task has ended: it stays so unless a user retries it. */
export const ENDED_STATES = ["finished", "failed", "cancelled"] as const satisfies TaskState[];

/** The right to run a task once. A claim number is never used twice for one task. */
export interface Claim {
  /** The task's. */
  readonly id: number;
  /** The claim number. */
  readonly claim: number;
}

/** The queue of a task whose push names none. */
export const DEFAULT_QUEUE = "default";

/** The function of tq itself that delivers a webhook. Its tasks have a queue of their own, and cause no webhooks. */
export const WEBHOOK_CALL = "tq.webhook";
export const WEBHOOK_QUEUE = "tq.webhooks";

/** Stands in place of a method in a task that calls a plain function: it is called on no instances. */
export const FUNCTION_METHOD = "call";
export const NO_INSTANCES: readonly number[] = [];
const NO_INSTANCES_TEXT = "[]";

interface StoredCall {
  readonly model: string;
  readonly method: string;
  /** As stored, or as JSON text. */
  readonly instances: unknown;
}

/** True for a task that calls a plain function: no call of a method has an empty list of instances. */
export function isFunctionCall({ method, instances }: Omit<StoredCall, "model">): boolean {
  if (method !== FUNCTION_METHOD) return false;
  return instances === NO_INSTANCES_TEXT || (Array.isArray(instances) && instances.length === 0);
}

/** The method that a task calls; null: it calls a plain function. */
export function calledMethod(call: Omit<StoredCall, "model">): string | null {
  return isFunctionCall(call) ? null : call.method;
}

/** The call of a task for people: `sale.process`, or the name of its function. */
export function callWords(call: StoredCall): string {
  return callName(call.model, calledMethod(call));
}

/** @param method null for a function. */
export function callName(model: string, method: string | null): string {
  return method === null ? model : `${model}.${method}`;
}

/** A task to store: one call of a method, and when to run it. */
export interface NewTask {
  readonly model: string;
  readonly method: string;
  /** Ids of the instances: one id for a single record, a list for a list of records. */
  readonly instances: number | readonly number[];
  /** JSON array of the encoded arguments. */
  readonly args: string;
  /** JSON object of the encoded context. */
  readonly context: string;
  readonly user: number;
  readonly queue: string;
  readonly priority: number;
  /** The task is not due before; null: at once. */
  readonly scheduledAt: number | null;
  /** When the task should be done: among equal priorities the earliest runs first. Null: its push counts. */
  readonly expectedAt: number | null;
  /** The task is cancelled where its first run has not begun by then; null: never. */
  readonly expiresAt: number | null;
  /** A text that the program chose for the task, unique among all tasks. */
  readonly ref: string | null;
  /** JSON object of the policies that the push itself says; null: none. */
  readonly policy: string | null;
}

/** A task as its claim hands it to the thread. JSON columns are still text. */
export interface ClaimedTask extends Claim {
  readonly model: string;
  readonly method: string;
  readonly instances: string;
  readonly args: string;
  readonly context: string;
  readonly user: number;
  readonly queue: string;
  readonly priority: number;
  /** `expectedAt`, or the time of the push: ready tasks of one priority run in this order. */
  readonly deadline: number;
  readonly enqueuedAt: number;
  readonly scheduledAt: number | null;
  readonly expectedAt: number | null;
  /** Runs that began before this one, plus one: what the log and `currentTask()` call the attempt. */
  readonly attempt: number;
  /** True when an earlier run may have killed its worker: it runs alone, once its begin is on disk. */
  readonly suspect: boolean;
  /** How often a busy database has put the task off since its push or its last retry by hand. */
  readonly postponed: number;
  /** How many of the attempts that its policy allows were used up since then. */
  readonly failures: number;
  readonly expiresAt: number | null;
  /** JSON object of the policies that the push itself said; null: none. */
  readonly policy: string | null;
  /** The text that the program chose for the task; null: none. */
  readonly ref: string | null;
  /** True when its last run did not end it: that run was interrupted, crashed, or was put off. */
  readonly again: boolean;
}

/**
 * A task as users see it: the columns of the view `tq_tasks`, JSON columns parsed. Times are integers, milliseconds
 * since 1970-01-01 UTC.
 */
export interface Task {
  readonly id: number;
  readonly state: TaskState;
  readonly queue: string;
  readonly priority: number;
  readonly model: string;
  readonly method: string;
  readonly instances: unknown;
  readonly args: unknown;
  readonly user: number;
  readonly context: unknown;
  readonly ref: string | null;
  readonly enqueued_at: number;
  readonly scheduled_at: number | null;
  readonly expected_at: number | null;
  /** The task is cancelled where its first run has not begun by then. */
  readonly expires_at: number | null;
  readonly dequeued_at: number | null;
  readonly finished_at: number | null;
  /** Runs that ended, without those that were cancelled; of a worker that died, those that are known to have run. */
  readonly attempts: number;
  /** Runs that used up an attempt of the policy, since the push or the last retry by hand. */
  readonly failures: number;
  /** Runs whose method asked for a later run, since then. */
  readonly snoozes: number;
  /** Runs that took their thread or process down with them. */
  readonly crashes: number;
  readonly worker: string | null;
  /** The policies that the push itself said, such as `{ attempts: 5 }`; null: none. */
  readonly policy: unknown;
  readonly result: unknown;
  /** Why the task failed, was cancelled, went back to ready or finished without a call of its method; null in all other cases. */
  readonly reason: string | null;
}

/** How a run ended, as the history of a task has it. */
export type AttemptOutcome =
  | "running"
  | "finished"
  | "failed"
  | "cancelled"
  | "snoozed"
  | "postponed"
  | "interrupted"
  | "crashed";

/** @param expires what the policy of its method says; null: nothing. @returns null where the task never expires. */
export function expiryOf(
  task: Pick<Task, "expires_at" | "scheduled_at" | "enqueued_at">,
  expires: number | null,
): number | null {
  if (task.expires_at !== null || expires === null) return task.expires_at;
  return (task.scheduled_at ?? task.enqueued_at) + expires;
}

const EXPIRED_AGO = "before its first run";

/** The reason of a task that was cancelled so long after it had expired. */
export function expiredReason(late: string): string {
  return `it expired ${late} ago, ${EXPIRED_AGO}`;
}

export function isExpiredReason(reason: string | null): boolean {
  return reason !== null && reason.startsWith("it expired ") && reason.endsWith(EXPIRED_AGO);
}

/** A task keeps so many of its last attempts. */
export const KEPT_ATTEMPTS = 100;

/** One run of a task: a row of the view `tq_attempts`. Times are ms since 1970 UTC, lengths are ms. */
export interface Attempt {
  readonly task: number;
  /** From 1; a task keeps its last 100. */
  readonly number: number;
  readonly outcome: AttemptOutcome;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  /** How long the task waited for the run once it could begin. */
  readonly waited: number | null;
  readonly ran: number | null;
  /** How long after `expected_at` the run ended; 0: in time; null: the task was not expected by a time. */
  readonly late: number | null;
  readonly reason: string | null;
  /** The name, the code, the message and the stack of its error. */
  readonly name: string | null;
  readonly code: string | number | null;
  readonly message: string | null;
  readonly stack: string | null;
  readonly worker: string | null;
  readonly thread: number | null;
}

/** One recorded error of a task: the same message of the same task is kept once, with a count. */
export interface TaskError {
  readonly id: number;
  readonly task: number;
  readonly name: string;
  readonly code: string | number | null;
  readonly message: string;
  readonly stack: string | null;
  /** The attempt that met it last. */
  readonly attempt: number;
  readonly count: number;
  readonly first_at: number;
  readonly last_at: number;
}
