/** A task of the model of a queue begins anew: by hand, or as the clock was set back. */
import type { ModelTask } from "./model-task.ts";

/** A clock that was ahead by less than this does no harm. */
const SLACK_MS = 1_000;

/** @returns false where the task needs no repair. */
export function repairTask(task: ModelTask, now: number): boolean {
  const isAhead = task.enqueued_at > now + SLACK_MS;
  const wasPutOffAhead = (task.postponed_at ?? 0) > now + SLACK_MS;
  if (task.state === "running") return isAhead && shift(task, now);
  if (task.state === "ready") return task.deadline > now && isAhead && shift(task, now);
  if (task.state !== "scheduled" || (task.scheduled_at ?? 0) <= now) return false;
  if (isAhead) shift(task, now);
  if ((task.postponed_at ?? 0) > now + SLACK_MS) {
    task.scheduled_at = (task.scheduled_at ?? 0) - ((task.postponed_at ?? 0) - now);
    task.postponed_at = now;
  }
  return isAhead || wasPutOffAhead;
}

/** Moves all times of a task along with the time of its push. */
function shift(task: ModelTask, now: number): true {
  const by = task.enqueued_at - now;
  task.enqueued_at = now;
  task.deadline -= by;
  for (const key of ["scheduled_at", "expected_at", "expires_at", "postponed_at"] as const) {
    const at = task[key];
    if (at !== null) task[key] = at - by;
  }
  return true;
}

/**
 * The same task again: what it was is kept, its place in the order too, but for its end and its counts.
 *
 * @returns false where it cannot be retried.
 */
export function retryTask(task: ModelTask, now: number): boolean {
  const wasPutOff = task.state === "scheduled" && task.postponed_at !== null;
  if (task.finished_at === null && !wasPutOff) return false;
  const { scheduled_at: at, postponed_at: putOff } = task;
  const isEarly = task.state === "cancelled" && putOff === null && at !== null && at > now;
  Object.assign(task, { crashes: 0, failures: 0, snoozes: 0, postponed: 0 });
  const atOnce = { state: "ready", scheduled_at: now, postponed_at: now, expires_at: null };
  Object.assign(task, isEarly ? { state: "scheduled" } : atOnce);
  Object.assign(task, { finished_at: null, dequeued_at: null, result: null, reason: null });
  return true;
}
