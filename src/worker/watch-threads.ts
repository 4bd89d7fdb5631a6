/** What the main thread sees its threads do, without a message: cancelled tasks, and who keeps the write lock. */
import { formatDuration } from "../values/duration.ts";
import type { Report } from "../log/events.ts";
import type { Store } from "../store/store.ts";
import type { PoolThread } from "./pool-thread.ts";

/** A task that holds the write lock for so long is named in the log: ms. */
const LOCK_HELD = 1_000;

/** A run of a quick method that does not come back for so long is ended, to run alone: ms. */
const BATCH_HELD = 400;

/** Between two looks no more is counted: this process may have been stopped, its threads with it: ms. */
const LONGEST_LOOK = 300;

/**
 * A task that holds the write lock for long holds up everybody: it is named, and in the end stopped. In a
 * batch nobody expects it: there it soon gives way, and nothing is held against it. What goes on after its task
 * holds it in a thread that runs nothing: that one is replaced, and no task is to blame.
 *
 * @param limit ms; 0: none.
 */
export function watchLocks(
  threads: readonly PoolThread[],
  limit: number,
  report: Report,
  now = performance.now(),
): void {
  for (const thread of threads) {
    const { progress, lock } = thread;
    const inBatch = progress.holdsUpBatch;
    const holds = inBatch || progress.lock === "held";
    const left = !inBatch && progress.lockIsLeft;
    const claim = holds && !left ? progress.running() : null;
    // What was left behind keeps the lock through the tasks that begin meanwhile.
    const sequence = left ? progress.lockedIn : progress.sequence;
    if (!holds || sequence !== lock.sequence) {
      thread.lock = { sequence: holds ? sequence : -1, seen: now, held: 0, said: false };
      continue;
    }
    lock.held += Math.min(now - lock.seen, LONGEST_LOOK);
    lock.seen = now;
    const { held } = lock;
    if (inBatch && thread.ending === null) {
      const longest = formatDuration(BATCH_HELD);
      if (held >= BATCH_HELD)
        thread.giveWay(`it held up its batch for over ${longest}: it runs alone`);
      continue;
    }
    if (progress.lock !== "held") continue;
    if (claim === null) {
      if (limit === 0 || held < limit || thread.ending !== null) continue;
      const longest = formatDuration(limit);
      const message = `Thread ${thread.number} is replaced: what one of its tasks has left behind has held the write lock for over ${longest}`;
      report({ name: "log.note", level: "warn", message });
      void thread.terminate(message);
      continue;
    }
    if (!lock.said && held >= LOCK_HELD) {
      lock.said = true;
      report({ name: "lock.held", task: claim.id, thread: thread.number, duration: held });
    }
    if (limit > 0 && held >= limit && !thread.toBlame) {
      thread.toBlame = true;
      void thread.terminate(`it held the write lock for over ${formatDuration(limit)}`);
    }
  }
}

/** A task that was cancelled while it runs commits nothing; its thread need not wait for its end. */
export async function endCancelled(
  threads: readonly PoolThread[],
  store: Store,
  report: Report,
): Promise<void> {
  for (const thread of threads) {
    const { sequence } = thread.progress;
    const claim = thread.progress.running();
    const sameAsBefore = sequence === thread.seen;
    thread.seen = sequence;
    if (!claim || !sameAsBefore || thread.ending !== null) continue;
    if ((await store.stillHeld([claim])).length > 0) continue;
    if (thread.progress.sequence !== sequence) continue;
    const reason = "its claim was lost: the task was cancelled";
    report({ name: "task.cancelled", task: claim.id, reason });
    void thread.terminate(reason);
  }
}
