/** The longest time of a run: its thread tells the run to end, and the main thread ends a run that does not. */
import type { Report } from "../log/events.ts";
import { toErrorData } from "../outcome.ts";
import type { Policy } from "../policies/table.ts";
import type { Progress } from "../shared-memory/progress.ts";
import type { Store } from "../store/store.ts";
import type { ClaimedTask } from "../task.ts";
import type { AbortCause, RunningTask } from "../transaction/current-task.ts";
import { formatDuration } from "../values/duration.ts";
import { judge } from "./judge.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";

/**
 * Says in shared memory how long the run may take, and what becomes of its task where it takes longer: a thread that
 * hangs cannot say it then.
 */
export function limitRun(
  progress: Progress,
  task: ClaimedTask,
  policy: Policy,
  store: Pick<Store, "now">,
): void {
  const { timeout } = policy;
  if (timeout === null) return;
  progress.setTimeout(timeout, null); // a function of the policy may hang, too
  const outcome = judge(timeoutError(timeout), task, policy, store.now());
  progress.setTimeout(timeout, outcome.kind === "retry" ? outcome.delay : null);
}

/**
 * Tells the present run to end once its time has passed, unless it ends before.
 *
 * @param started monotonic, ms.
 */
export function abortLate(
  { present: { task }, report }: Pick<ThreadRuntime, "present" | "report">,
  { timeout }: Policy,
  started: number,
  ended: Promise<unknown>,
): void {
  if (timeout === null || task === null) return;
  const remaining = Math.max(started + timeout - performance.now(), 0);
  const timer = setTimeout(
    () => tellToEnd(task, "timeout", timeoutError(timeout), report),
    remaining,
  );
  void ended.then(() => clearTimeout(timer));
}

/** Tells the run to end, and reports what a listener of its signal throws: the run goes on all the same. */
export function tellToEnd(
  task: RunningTask,
  cause: AbortCause,
  reason: Error,
  report: Report,
): void {
  for (const thrown of task.abort(cause, reason)) {
    const { name, message } = toErrorData(thrown);
    report({
      name: "log.note",
      level: "warn",
      message: `task ${task.id}: a listener of its signal failed: ${name}: ${message}`,
    });
  }
}

/** @param cause what the method threw once it was told to end. */
export function timeoutError(timeout: number, cause?: unknown): Error {
  const error = new Error(timeoutWords(timeout), cause === undefined ? undefined : { cause });
  error.name = "TimeoutError";
  error.stack = `${error.name}: ${error.message}`; // its frames would be those of tq
  return error;
}

export function timeoutWords(timeout: number): string {
  return `timed out after ${formatDuration(timeout)}`;
}
