/**
 * Child processes of a thread's tasks. They end with the thread that tq ends, as the task that started them runs again
 * elsewhere. Linux alone tells which thread has started a process.
 */
import { readFileSync, readlinkSync } from "node:fs";

/** The system's number of the thread that calls; null where the system does not tell. */
export function systemThread(): number | null {
  try {
    return Number(/\d+$/.exec(readlinkSync("/proc/thread-self"))?.[0] ?? Number.NaN) || null;
  } catch {
    return null;
  }
}

/** The processes that this thread has started, and theirs; a detached one has left, to go on by itself. */
export function childrenOf(thread: number | null): number[] {
  if (thread === null) return [];
  const session = sessionOf("self");
  return listBelow(`/proc/self/task/${thread}/children`, session);
}

function listBelow(file: string, session: string | null): number[] {
  const own = read(file)
    .split(" ")
    .filter((pid) => pid !== "" && sessionOf(pid) === session);
  return own.flatMap((pid) => [
    Number(pid),
    ...listBelow(`/proc/${pid}/task/${pid}/children`, session),
  ]);
}

/** The fourth number after the name in parentheses, which may have spaces. */
function sessionOf(pid: string): string | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3] ?? null;
}

function read(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // the process has ended
  }
}

/** Ends these processes at once: their task may begin again at any moment. */
export function endProcesses(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has ended
    }
  }
}
