/** Waits until tasks have ended, in this process or another. */
import { printable } from "../../src/printable.ts";
import type { Store } from "../../src/store/store.ts";
import type { Attempt, Task } from "../../src/task.ts";
import { hasEnded } from "../../src/tasks/end.ts";
import { watchTask } from "../../src/tasks/watch.ts";
import { formatDuration } from "../../src/values/duration.ts";

/**
 * Waits through all retries.
 *
 * @param say called with a sentence for each run after which its task runs again.
 * @returns the ended tasks in the order of the ids, once their end is on disk
 * @throws TqError `not_found` when a task is deleted while it waits, `database` when the file is
 */
export async function waitForEnd(
  store: Store,
  ids: readonly number[],
  say: (sentence: string) => void,
): Promise<Task[]> {
  const ended: Task[] = [];
  for (const id of ids) ended.push(await follow(store, id, say));
  return ended;
}

async function follow(store: Store, id: number, say: (sentence: string) => void): Promise<Task> {
  let said = 0;
  for (;;) {
    for await (const task of watchTask(store, id)) {
      const isEnd = hasEnded(task);
      const last = isEnd ? task.attempts - 1 : task.attempts; // the end is said by the caller
      if (last > said) {
        const runs = (await store.attempts(id)).filter(
          ({ number }) => number > said && number <= last,
        );
        for (const run of runs) say(runWords(task, run, store.now()));
        said = last;
      }
      if (isEnd) return task;
    }
  }
}

function runWords({ id, attempts, state, scheduled_at: at }: Task, run: Attempt, now: number) {
  const { number, outcome, name, message, reason } = run;
  const verb = outcome === "failed" || outcome === "crashed" ? outcome : `was ${outcome}`;
  const why = name === null ? reason : `${name}: ${message}`;
  const isNext = number === attempts && state === "scheduled" && at !== null;
  const next = isNext ? `; it runs again in ${formatDuration(Math.max(at - now, 0))}` : "";
  return `Task ${id}: run ${number} ${verb}${why === null ? "" : `: ${printable(why)}`}${next}`;
}
