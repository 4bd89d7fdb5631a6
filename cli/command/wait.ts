/** Waits until tasks have ended, in this process or another. */
import { printable } from "../../src/printable.ts";
import type { Store } from "../../src/store/store.ts";
import type { Attempt, Task } from "../../src/task.ts";
import { hasEnded } from "../../src/tasks/end.ts";
import { formatDuration } from "../../src/values/duration.ts";
import type { FollowView } from "../terminal/follow-view.ts";
import { follow } from "./follow.ts";

interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Shows one task after another while they run, from this run of each on. */
  readonly shows?: { readonly view: FollowView; readonly from: (id: number) => Promise<number> };
}

type Say = (sentence: string) => void;

/**
 * Waits through all retries.
 *
 * @param say called with a sentence for each run after which its task runs again.
 * @returns the ended tasks in the order of the ids, once their end is on disk
 * @throws TqError `not_found` when a task is deleted while it waits, `database` when the file is; the signal's reason
 */
export async function waitForEnd(
  store: Store,
  ids: readonly number[],
  say: Say,
  options: WaitOptions = {},
): Promise<Task[]> {
  const ended: Task[] = [];
  for (const id of ids) ended.push(await endOf(store, id, say, options));
  return ended;
}

async function endOf(
  store: Store,
  id: number,
  say: Say,
  { signal = new AbortController().signal, shows }: WaitOptions,
): Promise<Task> {
  let said = 0;
  for (;;) {
    const from = (await shows?.from(id)) ?? 1;
    for await (const followed of follow(store, id, { signal, from: Math.max(from, said + 1) })) {
      shows?.view.show(id, followed);
      if (followed.event !== "state") continue;
      const { task } = followed;
      const isEnd = hasEnded(task);
      const last = isEnd ? task.attempts - 1 : task.attempts; // the end is said by the caller
      if (last > said) {
        for (const run of await runsBetween(store, id, said, last))
          say(runWords(task, run, store.now()));
        said = last;
      }
      if (!isEnd) continue;
      shows?.view.end();
      return task;
    }
  }
}

async function runsBetween(
  store: Store,
  id: number,
  after: number,
  last: number,
): Promise<Attempt[]> {
  const runs = await store.attempts(id);
  return runs.filter(({ number }) => number > after && number <= last);
}

function runWords({ id, attempts, state, scheduled_at: at }: Task, run: Attempt, now: number) {
  const { number, outcome, name, message, reason } = run;
  const verb = outcome === "failed" || outcome === "crashed" ? outcome : `was ${outcome}`;
  const why = name === null ? reason : `${name}: ${message}`;
  const isNext = number === attempts && state === "scheduled" && at !== null;
  const next = isNext ? `; it runs again in ${formatDuration(Math.max(at - now, 0))}` : "";
  return `Task ${id}: run ${number} ${verb}${why === null ? "" : `: ${printable(why)}`}${next}`;
}
