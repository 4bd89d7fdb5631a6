/** The result of a task: what its method returned, or the error that it ended with. */
import { isNotKept } from "../kept-result.ts";
import type { ErrorData } from "../outcome.ts";
import { liveWorkers, NO_WORKER, untakenWords } from "../store/live-workers.ts";
import { whyHeld } from "../store/pause-words.ts";
import type { Standing } from "../store/looking.ts";
import type { Store } from "../store/store.ts";
import type { Task } from "../task.ts";
import { formatDuration } from "../values/duration.ts";
import { decode } from "../values/encoding.ts";
import { endOf, hasEnded } from "./end.ts";
import { onDisk } from "./on-disk.ts";
import { nameOf, ResultNotKeptError, TaskFailedError, TimeoutError } from "./ended-errors.ts";
import { checkMayWait, type ResultOptions, readId, readResultOptions } from "./wait-options.ts";

/** @returns what the method returned, as JSON carries it. */
export async function resultOf(
  store: Store,
  given: number,
  options: ResultOptions = {},
): Promise<unknown> {
  const id = readId(given, "wait for");
  const timeout = readResultOptions(options, id);
  checkMayWait(id);
  const { signal } = options;
  if (timeout === null) return endedResult(store, id, signal);
  const late = new AbortController();
  const callOff = store.after(timeout, () => late.abort());
  try {
    const stops = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    return await endedResult(store, id, stops);
  } catch (error) {
    if (!late.signal.aborted || error !== late.signal.reason) throw error;
    const task = await store.get(id); // a last look, as the first one may have taken longer than the timeout
    if (task && hasEnded(task)) return await endedResult(store, id);
    throw await timeoutError(store, id, task, timeout);
  } finally {
    callOff();
  }
}

async function endedResult(store: Store, id: number, signal?: AbortSignal): Promise<unknown> {
  for (;;) {
    const standing = await endOf(store, id, signal);
    await onDisk(store);
    if (standing.state === "finished" && !isNotKept(standing)) return decoded(standing);
    const error = await failureOf(store, id);
    if (error) throw error;
  }
}

function decoded({ id, result }: Standing): unknown {
  return result === null ? undefined : decode(result, `the result of task ${id}`);
}

/** Null when the task was retried meanwhile. */
async function failureOf(
  store: Store,
  id: number,
): Promise<TaskFailedError | ResultNotKeptError | null> {
  const task = await store.get(id);
  if (task === null || !hasEnded(task)) return null;
  if (task.state === "finished") return isNotKept(task) ? new ResultNotKeptError(task) : null;
  return new TaskFailedError(task, await lastError(store, id, task.attempts));
}

/** The error of the run with this number; of a task that failed before tq kept its runs, the last error. */
async function lastError(store: Store, id: number, number: number): Promise<ErrorData | null> {
  const run = (await store.attempts(id)).findLast((attempt) => attempt.number === number);
  if (run) {
    const { name, message, stack, code } = run;
    return name === null ? null : { name, message: message ?? "", stack, code };
  }
  return (await store.errors(id)).at(-1) ?? null;
}

async function timeoutError(
  store: Store,
  id: number,
  task: Task | null,
  timeout: number,
): Promise<TimeoutError> {
  const late = `did not end within ${formatDuration(timeout)}`;
  if (task === null) return new TimeoutError(`Task ${id} ${late}: it was deleted`, null);
  const { state, queue, reason } = task;
  const words = [`it is ${state}`];
  if (reason !== null) words.push(reason);
  if (state === "ready" || state === "scheduled") {
    words.push(whyHeld(await store.pauses.list(), task, store.now()) ?? "");
    const workers = await liveWorkers(store);
    words.push((workers.length === 0 ? NO_WORKER : untakenWords(queue, workers)) ?? "");
  }
  const why = words.filter((word) => word !== "").join("; ");
  return new TimeoutError(`${nameOf(task)} ${late}: ${why}`, task);
}
