/** Reads what Linux knows of a process: `man 5 proc_pid_stat`. */
import { readFileSync } from "node:fs";

/** The order of the fields after the name. */
const FIELDS = ["state", "parent", "group", "session", "terminal"] as const;

/** A field of a process; `self` is this one; null where the process has ended, and on other systems. */
export function processField(pid: string, field: (typeof FIELDS)[number]): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name may have spaces and parentheses
    return fields[FIELDS.indexOf(field)] ?? null;
  } catch {
    return null;
  }
}

/** A process that has ended, and whose parent has not asked how, is none. */
export function isProcess(pid: number): boolean {
  const state = processField(String(pid), "state");
  if (state !== null) return state !== "Z" && state !== "X";
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM"; // it lives, and belongs to another user
  }
}
