/** The tasks that a program without a worker pushed, and does not run: its log says what they wait for. */
import type { Report } from "../log/events.ts";
import { whyHeld } from "../store/pause-words.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";

const WAITS: ReadonlySet<string> = new Set([
  "task.retried",
  "task.snoozed",
  "task.postponed",
  "task.interrupted",
]);

/** A task that is put off or put back stays in the queue, as no program runs it by itself. */
export function sayingWhatWaits(report: Report): Report {
  return (event) => {
    report(event);
    if (!WAITS.has(event.name) || !("task" in event)) return;
    const message = `task ${event.task} waits for tq worker: queue.worker is false, so no program runs it again by itself`;
    report({ name: "log.note", level: "warn", message });
  };
}

/** A paused task stays ready: nothing runs it again in this program. */
export async function sayHeld({ store, report }: ThreadRuntime, id: number): Promise<void> {
  const [pauses, task] = [await store.pauses.list(), await store.get(id)];
  if (task === null || (task.state !== "ready" && task.state !== "scheduled")) return;
  const why = whyHeld(pauses, task, store.now());
  if (why === null) return;
  const message = `task ${id} waits: ${why}; once that is resumed, tq worker runs it, and no program does so by itself`;
  report({ name: "log.note", level: "warn", message });
}
