/** A row of a task as the task itself: its columns are those of the view tq_tasks. */
import type { Task } from "../task.ts";
import { parseExactly } from "../values/exact-json.ts";

/** The reason that a task is shown with which waits for a worker only to be cancelled. */
export const EXPIRED = "it has expired, and is cancelled as soon as a worker comes to it";

export interface TaskRow extends Omit<
  Task,
  "instances" | "args" | "context" | "policy" | "result"
> {
  readonly instances: string;
  readonly args: string;
  readonly context: string;
  readonly policy: string | null;
  readonly result: string | null;
}

export function toTask(row: TaskRow, now: number): Task {
  return {
    ...row,
    reason: hasExpired(row, now) ? EXPIRED : row.reason,
    instances: parsed(row.instances),
    args: parsed(row.args),
    context: parsed(row.context),
    policy: row.policy === null ? null : parsed(row.policy),
    result: row.result === null ? null : parsed(row.result),
  };
}

/** A worker that claims the task decides it in the same way, and also knows what the policy of its method says. */
function hasExpired({ state, attempts, expires_at: at }: TaskRow, now: number): boolean {
  return at !== null && at < now && attempts === 0 && (state === "ready" || state === "scheduled");
}

/** Returns JSON that was damaged by hand as it is: one bad row must not fail a list. */
function parsed(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
}
