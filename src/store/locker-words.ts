/** The words for the one whose lock others wait for. */
import { quote } from "../quote.ts";
import { formatDuration } from "../values/duration.ts";
import type { Locker } from "./situation.ts";

/** @param id of the task that waits; null: another statement does */
export function lockerWords(id: number | null, locker: Locker): string {
  const { pid, program, role, age, task } = locker;
  const since = age === null ? "" : ` for ${formatDuration(Math.max(age, 0))}`;
  if (pid === 0) return "a prepared transaction of the server has locked";
  if (task !== null && task !== id) return `task ${task} has locked${since}`;
  const who = [program === "" ? [] : quote(program), role === "" ? [] : `role ${role}`].flat();
  const named = who.length === 0 ? "" : ` (${who.join(", ")})`;
  return `pid ${pid} of the server${named} has locked${since}`;
}
