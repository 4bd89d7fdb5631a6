/** Ends the runs of tasks that were cancelled: such a run commits nothing. */
import { monotonicNow } from "../clock.ts";
import type { Report } from "../log/events.ts";
import { toRun } from "../run/run-events.ts";
import type { RunStatistics } from "../run/run-statistics.ts";
import type { Store } from "../store/store.ts";
import { calledMethod, type Claim, type Task } from "../task.ts";
import type { PoolThread } from "./pool-thread.ts";

/** Where the end of such a run is told. */
interface Told {
  readonly report: Report;
  readonly statistics: Pick<RunStatistics, "count">;
}

const CANCELLED = "its claim was lost: the task was cancelled";

/** A run that ends with its thread is counted where it lost its claim to a rescue. */
const TAKEN =
  "its claim was lost: the task was put back while it ran, by a rescue, by hand, or by a failover of the server";

/**
 * A run that has just committed has lost its claim too, until its thread notes the end; so a run is ended only where the
 * next tick finds it again. A run that uses its signal is told, and has a grace to end by itself. Call it at each tick.
 *
 * @param grace ms
 */
export async function endCancelled(
  threads: readonly PoolThread[],
  store: Store,
  { report, statistics }: Told,
  grace: number,
  now = monotonicNow(),
): Promise<void> {
  for (const thread of threads) {
    const { sequence, usesSignal } = thread.progress;
    const claim = thread.progress.running();
    const isSameAsBefore = sequence === thread.seenAtTick;
    thread.seenAtTick = sequence;
    // Only runs that outlast a tick are worth a question to the store.
    if (!claim || !isSameAsBefore || thread.endReason !== null) continue;
    if ((await store.stillHeld([claim])).length > 0) continue;
    if (thread.progress.sequence !== sequence) continue; // the run ended while the store answered
    if (thread.lostAtTick !== sequence) {
      thread.lostAtTick = sequence;
      continue;
    }
    const wasTold = thread.told.sequence === sequence;
    if (wasTold && now - thread.told.at < grace) continue;
    const task = await store.get(claim.id);
    const isCancelled = task?.state === "cancelled";
    const reason = isCancelled || task === null ? CANCELLED : TAKEN;
    if (!wasTold) sayLost(claim, task, reason, report);
    if (usesSignal && !wasTold && grace > 0) {
      thread.told = { sequence, at: now };
      thread.tellToEnd("cancel");
    } else {
      void thread.terminate(reason);
      if (isCancelled) statistics.count(task, "cancelled", null);
    }
  }
}

function sayLost({ id }: Claim, task: Task | null, reason: string, report: Report): void {
  if (task === null) {
    const message = `task ${id} ends: it is not there any more; it was cancelled and cleaned, or a failover of the server has lost it`;
    return report({ name: "log.note", level: "warn", message });
  }
  const method = calledMethod(task);
  const instances = method === null ? null : JSON.stringify(task.instances);
  const isCounted = task.state === "cancelled"; // its cancel counted this run
  const attempt = isCounted ? task.attempts : task.attempts + 1;
  const run = toRun({ ...task, method, instances, attempt });
  report({ name: isCounted ? "task.cancelled" : "task.interrupted", ...run, reason });
}
