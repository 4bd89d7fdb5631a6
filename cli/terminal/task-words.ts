/** How many tasks a copy of a database has, in words. */
import type { TaskCounts } from "../../src/store/backup.ts";
import { TASK_STATES } from "../../src/task.ts";
import { counted } from "./text.ts";

/** `12 tasks: 3 ready, 1 running, 8 finished`. */
export function taskWords(tasks: TaskCounts): string {
  const all = Object.values(tasks).reduce((sum, count) => sum + count, 0);
  const parts = TASK_STATES.flatMap((state) =>
    tasks[state] === 0 ? [] : [`${tasks[state].toLocaleString("en")} ${state}`],
  );
  return parts.length === 0 ? "no tasks" : `${counted(all, "task")}: ${parts.join(", ")}`;
}
