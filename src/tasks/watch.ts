/** Follows one task until it has ended. */
import type { Standing } from "../store/looking.ts";
import type { Store } from "../store/store.ts";
import type { TaskProgress } from "../store/task-output.ts";
import type { Task } from "../task.ts";
import { hasEnded, notFound } from "./end.ts";
import { onDisk } from "./on-disk.ts";
import { untilStanding } from "./standings.ts";
import { checkMayWait, checkOptions, readId, type WatchOptions } from "./wait-options.ts";

/** A task as a watch sees it. */
export interface WatchedTask extends Task {
  /** How far its present run is, as it said last; null: it does not run, or has not said. */
  readonly progress: TaskProgress | null;
}

/** The fields whose changes a watch tells. */
type Watched = Pick<Standing, "state" | "attempts" | "reason" | "progress">;

/** The tasks of `for await`: leaving the loop, or `return()`, ends a wait that is under way. */
export function watchTask(
  store: Store,
  given: number,
  options: WatchOptions = {},
): AsyncGenerator<WatchedTask, void, void> {
  const id = readId(given, "watch");
  checkOptions(options, id, ["signal"]);
  checkMayWait(id);
  const left = new AbortController();
  const { signal } = options;
  const stops = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
  const changes = follow(store, id, stops);
  const end = changes.return.bind(changes);
  return Object.assign(changes, {
    async return(): Promise<IteratorResult<WatchedTask, void>> {
      left.abort(LEFT);
      return end();
    },
  });
}

const LEFT = Symbol("left");

async function* follow(
  store: Store,
  id: number,
  signal: AbortSignal,
): AsyncGenerator<WatchedTask, void, void> {
  let last: Watched | null = null;
  for (;;) {
    const standing = await next(store, id, last, signal);
    if (standing === LEFT) return;
    const found = standing && (await store.get(id));
    if (found === null) throw notFound(id, "watch", last !== null);
    const isOfRun = found.state === "running" && found.attempts === standing?.attempts;
    const task: WatchedTask = { ...found, progress: isOfRun ? standing.progress : null };
    last = task;
    const isEnd = hasEnded(task);
    if (isEnd) await onDisk(store);
    yield task;
    if (isEnd) return;
  }
}

async function next(store: Store, id: number, last: Watched | null, signal: AbortSignal) {
  const isNew = (now: Standing | null) => now === null || last === null || !isSame(now, last);
  try {
    return await untilStanding(store, id, isNew, signal, true);
  } catch (error) {
    if (error === LEFT) return LEFT;
    throw error;
  }
}

function isSame(one: Watched, other: Watched): boolean {
  return (
    one.state === other.state &&
    one.attempts === other.attempts &&
    one.reason === other.reason &&
    isSameProgress(one.progress, other.progress)
  );
}

function isSameProgress(one: TaskProgress | null, other: TaskProgress | null): boolean {
  return one?.done === other?.done && one?.total === other?.total && one?.text === other?.text;
}
