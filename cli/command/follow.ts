/** Follows a task for a person who looks: what it says, how far it is, and how it stands, until it has ended. */
import type { Store } from "../../src/store/store.ts";
import type { OutputLine, RunOutput, TaskProgress } from "../../src/store/task-output.ts";
import { watchTask, type WatchedTask } from "../../src/tasks/watch.ts";

export type Followed =
  | { readonly event: "state"; readonly task: WatchedTask }
  | { readonly event: "line"; readonly attempt: number; readonly line: OutputLine }
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
    yield* followed(changes, new Lines(store, id), from);
  } finally {
    await changes.return();
  }
}

async function* followed(
  changes: Changes,
  lines: Lines,
  from: number | undefined,
): AsyncGenerator<Followed, void, void> {
  let task: WatchedTask | null = null;
  let coming = changes.next();
  for (;;) {
    const change: Change | null = await nextOf(coming, task);
    if (change?.done) return;
    if (change === null) {
      yield* await lines.news();
      continue;
    }
    const now: WatchedTask = change.value;
    if (task === null) lines.from = from ?? Math.max(runOf(now), 1);
    yield* await lines.news(now.state === "running" ? now.attempts : Infinity);
    if (isNewState(now, task)) yield { event: "state", task: now };
    if (now.progress) yield { event: "progress", attempt: runOf(now), progress: now.progress };
    task = now;
    coming = changes.next();
  }
}

type Changes = ReturnType<typeof watchTask>;
type Change = IteratorResult<WatchedTask, void>;

/** The next change; null: a task that runs may have said something meanwhile. */
async function nextOf(coming: Promise<Change>, task: WatchedTask | null): Promise<Change | null> {
  if (task?.state !== "running") return coming;
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), LOOK_MS);
  try {
    return await Promise.race([coming, late.promise]);
  } finally {
    clearTimeout(timer);
  }
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

/** The lines of a task's runs that were not told yet. */
class Lines {
  from = 1;
  readonly #store: Store;
  readonly #id: number;
  #told: RunOutput | undefined;

  constructor(store: Store, id: number) {
    this.#store = store;
    this.#id = id;
  }

  /** @param until the last run to tell of now. */
  async news(until = Infinity): Promise<Followed[]> {
    const runs = await this.#store.output(this.#id, this.from);
    return runs
      .filter(({ attempt }) => attempt <= until)
      .flatMap((run) => {
        const { attempt } = run;
        const lines = newLines(run, this.#told?.attempt === attempt ? this.#told : undefined);
        this.#told = run;
        this.from = attempt;
        return lines.map((line) => ({ event: "line", attempt, line }) as const);
      });
  }
}

/** The lines that a run has said since an earlier look. */
export function newLines(run: RunOutput, before: RunOutput | undefined): readonly OutputLine[] {
  if (before === undefined) return run.lines;
  if (run.cut === before.cut && run.lines.length >= before.lines.length) {
    return run.lines.slice(before.lines.length);
  }
  // Older lines were cut meanwhile, so the last line that was shown is looked for.
  const last = before.lines.at(-1);
  return run.lines.slice(
    run.lines.findLastIndex(({ at, text }) => at === last?.at && text === last.text) + 1,
  );
}
