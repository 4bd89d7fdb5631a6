/** How far a task is, for people. */
import type { TaskProgress } from "../store/task-output.ts";

/** `7 of 9, 77 %, page 7` */
export function progressWords({ done, total, text }: Omit<TaskProgress, "at">): string {
  const share = shareOf({ done, total });
  const percent = share === null ? "" : `, ${Math.floor(share * 100)} %`;
  const of = total === null ? "" : ` of ${total}`;
  return `${done}${of}${percent}${text === null ? "" : `, ${text}`}`;
}

/** From 0 to 1, whatever the task has said; null: it does not know its total. */
export function shareOf({ done, total }: Pick<TaskProgress, "done" | "total">): number | null {
  return total ? Math.min(Math.max(done / total, 0), 1) : null;
}
