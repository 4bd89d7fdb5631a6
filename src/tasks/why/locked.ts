/** Says whose lock a task waits for, and what ends that. */
import type { Locker } from "../../store/situation.ts";
import { formatDuration } from "../../values/duration.ts";
import { quote } from "../../quote.ts";
import type { Why } from "./explanation.ts";

/** @param start says what the task does meanwhile */
export function lockedWhy(id: number, start: string, locker: Locker): Why {
  return {
    cause: "locked",
    sentence: `Task ${id} ${start} ${words(id, locker)}`,
    ...advice(id, locker),
  };
}

function words(id: number, { pid, program, role, age, task }: Locker): string {
  const since = age === null ? "" : ` for ${formatDuration(Math.max(age, 0))}`;
  if (pid === 0) return "a prepared transaction of the server has locked";
  if (task !== null && task !== id) return `task ${task} has locked${since}`;
  const who = [program === "" ? [] : quote(program), role === "" ? [] : `role ${role}`].flat();
  const named = who.length === 0 ? "" : ` (${who.join(", ")})`;
  return `pid ${pid} of the server${named} has locked${since}`;
}

function advice(id: number, { pid, task }: Locker): Pick<Why, "purpose" | "command"> {
  if (pid === 0) return { purpose: "see it, in psql", command: "SELECT * FROM pg_prepared_xacts" };
  if (task !== null && task !== id) {
    return { purpose: "see what that one does", command: `tq why ${task}` };
  }
  const command = `SELECT pg_terminate_backend(${pid})`;
  return { purpose: "end that connection, in psql", command };
}
