/**
 * Child processes of a thread's tasks. They end with the thread that tq ends, as the task that started them runs again
 * elsewhere. Linux alone tells which thread has started a process.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { processField } from "../process-stat.ts";

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
  const session = processField("self", "session");
  return listBelow(`/proc/self/task/${thread}/children`, session);
}

function listBelow(file: string, session: string | null): number[] {
  const own = read(file)
    .split(" ")
    .filter((pid) => pid !== "" && processField(pid, "session") === session);
  return own.flatMap((pid) => [
    Number(pid),
    ...listBelow(`/proc/${pid}/task/${pid}/children`, session),
  ]);
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
