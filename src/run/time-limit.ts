/** The longest time of a run: its thread tells the run to end, and the main thread ends a run that does not. */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";

import { errorWords, type Outcome, toErrorData } from "../outcome.ts";
import { DEFAULT_BACKOFF } from "../policies/backoff.ts";
import type { Policy } from "../policies/table.ts";
import type { Progress } from "../shared-memory/progress.ts";
import type { Store } from "../store/store.ts";
import type { ClaimedTask } from "../task.ts";
import type { AbortCause, RunningTask } from "../transaction/current-task.ts";
import { formatDuration } from "../values/duration.ts";
import { judge } from "./judge.ts";
import { hasFunction } from "./policy-trouble.ts";
import { sayable } from "./sayable.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";

/** It looks no more often than this while the run waits for the write lock: its time stands still then. */
const WAITING_MS = 10;

/**
 * Says in shared memory how long the run may take, and what becomes of its task where it takes longer: a thread that
 * hangs cannot say it then. Functions of the policy are for errors, and there is none yet: it says what counts without
 * them.
 */
export function limitRun(
  progress: Progress,
  task: ClaimedTask,
  policy: Policy,
  store: Pick<Store, "now">,
): void {
  if (policy.timeout === null) return;
  const plain = hasFunction(policy) ? withoutFunctions(policy) : policy;
  sayLimit(progress, policy.timeout, judge(timeoutError(policy.timeout), task, plain, store.now()));
}

function sayLimit(progress: Progress, timeout: number, outcome: Outcome): void {
  progress.setTimeout(timeout, outcome.kind === "retry" ? outcome.delay : null);
}

function withoutFunctions(policy: Policy): Policy {
  const { backoff, retryOn, failOn } = policy;
  return {
    ...policy,
    backoff: typeof backoff === "function" ? DEFAULT_BACKOFF : backoff,
    retryOn: typeof retryOn === "function" ? null : retryOn,
    failOn: typeof failOn === "function" ? null : failOn,
  };
}

/** Monotonic ms, but for those in which the thread waited for the write lock: others had it, and no run is to blame. */
export function runTime({ awaitedSoFar }: Pick<Progress, "awaitedSoFar">): number {
  return monotonicNow() - awaitedSoFar;
}

/**
 * Tells the present run to end once its time has passed, unless it ends before. One that does not end by itself in half
 * of the grace is about to be ended with its thread, which asks the functions of the policy before.
 *
 * @param started by `runTime`.
 */
export function abortLate(
  { present, report, redaction, progress, store, config }: ThreadRuntime,
  claimed: ClaimedTask,
  policy: Policy,
  started: number,
  ended: Promise<unknown>,
): void {
  const { timeout } = policy;
  const { task } = present;
  if (timeout === null || task === null) return;
  const ask = () =>
    sayLimit(progress, timeout, judge(timeoutError(timeout), claimed, policy, store.now()));
  const left = () => started + timeout - runTime(progress);
  const look = () => {
    const rest = left();
    // The thread has waited for the write lock meanwhile, or waits for it.
    if (rest > 0) return void (timer = setTimeout(look, Math.max(rest, WAITING_MS)));
    if (hasFunction(policy)) timer = setTimeout(ask, config.worker.timeout_grace / 2);
    tellToEnd(task, "timeout", timeoutError(timeout), { report, redaction });
  };
  let timer = setTimeout(look, Math.max(left(), 0));
  void ended.then(() => clearTimeout(timer));
}

/**
 * A run that keeps its thread busy ends before the timer that would have told it.
 *
 * @param started by `runTime`.
 */
export function tellIfOverdue(
  running: RunningTask,
  { timeout }: Policy,
  started: number,
  progress: Pick<Progress, "awaitedSoFar">,
): void {
  if (timeout === null || runTime(progress) - started <= timeout) return;
  running.abort("timeout", timeoutError(timeout));
}

/** Tells the run to end, and reports what a listener of its signal throws: the run goes on all the same. */
export function tellToEnd(
  task: RunningTask,
  cause: AbortCause,
  reason: Error,
  { report, redaction }: Pick<ThreadRuntime, "report" | "redaction">,
): void {
  for (const thrown of task.abort(cause, reason)) {
    const words = sayable(errorWords(toErrorData(thrown)), task.claimed, redaction);
    report({
      name: "log.note",
      level: "warn",
      message: `task ${task.id}: a listener of its signal failed: ${words}`,
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
