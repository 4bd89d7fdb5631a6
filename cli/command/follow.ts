/** Follows a task for a person who looks: what it says, how far it is, and how it stands, until it has ended. */
import { within } from "../../src/clock.ts";
import type { Store } from "../../src/store/store.ts";
import type { RunOutput, TaskProgress } from "../../src/store/task-output.ts";
import { watchTask, type WatchedTask } from "../../src/tasks/watch.ts";
import { type NewLine, NewLines } from "./new-lines.ts";

export type Followed =
  | { readonly event: "state"; readonly task: WatchedTask }
  | NewLine
  | { readonly event: "progress"; readonly attempt: number; readonly progress: TaskProgress };

interface FollowOptions {
  readonly signal: AbortSignal;
  /** The first run whose lines are told; default: the present run, or the last one. */
  readonly from?: number;
}

/** The time between two looks at what a task says while it runs: no commit tells of that. */
const LOOK_MS = 200;

/**
 * The last event is the state in which the task has ended; that is on disk then.
 *
 * @throws as `tasks.watch`; the reason of the signal.
 */
export async function* follow(
  store: Store,
  id: number,
  { signal, from }: FollowOptions,
): AsyncGenerator<Followed, void, void> {
  const changes = watchTask(store, id, { signal });
  try {
    yield* followed(changes, (lines) => store.output(id, lines.from), from);
  } finally {
    await changes.return();
  }
}

async function* followed(
  changes: Changes,
  read: Read,
  from: number | undefined,
): AsyncGenerator<Followed, void, void> {
  let task: WatchedTask | null = null;
  let lines = new NewLines(from);
  let coming = changes.next();
  for (;;) {
    const change: Change | null = await nextOf(coming, task);
    if (change?.done) return;
    if (change === null) {
      yield* newsOf(lines, await read(lines));
      continue;
    }
    const now: WatchedTask = change.value;
    if (task === null) lines = new NewLines(from ?? Math.max(runOf(now), 1));
    yield* newsOf(lines, await read(lines), now.state === "running" ? now.attempts : Infinity);
    if (now.state === "cancelled" && task?.state === "running") yield* lastWords(lines, read);
    if (isNewState(now, task)) yield { event: "state", task: now };
    if (now.progress) yield { event: "progress", attempt: runOf(now), progress: now.progress };
    task = now;
    coming = changes.next();
  }
}

/** The longest time that a cancelled run is heard: it ends soon, or is ended. */
const LAST_WORDS_MS = 10_000;

/** After so long without a word it has ended: a server shows what a run says some 250 ms later. */
const SILENCE_MS = 3 * LOOK_MS;

/** The last words of a run that a cancel ends: the task is cancelled at once, and the run ends a moment later. */
async function* lastWords(lines: NewLines, read: Read): AsyncGenerator<Followed, void, void> {
  let silent = 0;
  for (let heard = 0; heard < LAST_WORDS_MS && silent < SILENCE_MS; heard += LOOK_MS) {
    await Bun.sleep(LOOK_MS);
    const news = newsOf(lines, await read(lines));
    yield* news;
    silent = news.length === 0 ? silent + LOOK_MS : 0;
  }
}

type Read = (lines: NewLines) => Promise<RunOutput[]>;

/** @param until the last run to tell of now. */
function newsOf(lines: NewLines, runs: readonly RunOutput[], until = Infinity): NewLine[] {
  return runs.filter(({ attempt }) => attempt <= until).flatMap((run) => lines.of(run));
}

type Changes = ReturnType<typeof watchTask>;
type Change = IteratorResult<WatchedTask, void>;

/** The next change; null: a task that runs may have said something meanwhile. */
async function nextOf(coming: Promise<Change>, task: WatchedTask | null): Promise<Change | null> {
  if (task?.state !== "running") return coming;
  return within(coming, LOOK_MS);
}

/** The number of its present run, or of its last one. */
function runOf({ state, attempts }: WatchedTask): number {
  return state === "running" ? attempts + 1 : attempts;
}

function isNewState(now: WatchedTask, before: WatchedTask | null): boolean {
  return (
    now.state !== before?.state || now.attempts !== before.attempts || now.reason !== before.reason
  );
}
