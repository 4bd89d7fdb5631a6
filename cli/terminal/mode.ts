/** Says what `queue.worker = false` means for the tasks that wait. */
import type { Health } from "../../src/admin/health.ts";

/** The sentence for people; null where workers run the tasks, and where none waits. */
export function waitingWords(mode: Health["mode"], waiting: number): string | null {
  if (mode === "worker" || waiting === 0) return null;
  const what = waiting === 1 ? "1 task waits" : `${waiting} tasks wait`;
  return `${what} for tq worker: queue.worker is false, and a program runs a task once, after its push`;
}
