/** Says whose lock a task waits for, and what ends that. */
import { lockerWords } from "../../store/locker-words.ts";
import type { Locker } from "../../store/situation.ts";
import type { Why } from "./explanation.ts";

/** @param start says what the task does meanwhile */
export function lockedWhy(id: number, start: string, locker: Locker): Why {
  return {
    cause: "locked",
    sentence: `Task ${id} ${start} ${lockerWords(id, locker)}`,
    ...advice(id, locker),
  };
}

function advice(id: number, { pid, task }: Locker): Pick<Why, "purpose" | "command"> {
  if (pid === 0) return { purpose: "see it, in psql", command: "SELECT * FROM pg_prepared_xacts" };
  if (task !== null && task !== id) {
    return { purpose: "see what that one does", command: `tq why ${task}` };
  }
  const command = `SELECT pg_terminate_backend(${pid})`;
  return { purpose: "end that connection, in psql", command };
}
