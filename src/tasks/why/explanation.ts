/** An explanation of how a task stands, and the words that several of them have. */
import { quote } from "../../quote.ts";
import { flagInShell } from "../../in-shell.ts";
import type { Task } from "../../task.ts";
import type { PolicyFacts } from "./policy-facts.ts";

/** One word for each of the sentences, for scripts. */
type Cause =
  | "scheduled"
  | "retry"
  | "snoozed"
  | "postponed"
  | "paused"
  | "expired"
  | "no_worker"
  | "unserved"
  | "trouble"
  | "stopped"
  | "suspect"
  | "locked"
  | "behind"
  | "busy"
  | "next"
  | "running"
  | "claimed"
  | "died"
  | "finished"
  | "failed"
  | "cancelled";

export interface Why {
  readonly cause: Cause;
  /** Without a full stop at its end. */
  readonly sentence: string;
  /** The purpose of the command, as in "To … :"; null, as the command: there is none. */
  readonly purpose: string | null;
  readonly command: string | null;
}

/** Facts that the database does not know. */
export interface Known {
  /** The setting `queue.worker`. */
  readonly mode: "worker" | "no worker";
  /** Of the policy of the task; null: not known. */
  readonly policy: PolicyFacts | null;
}

/** The command of a worker that would take the task. */
export function workerCommand({ queue }: Pick<Task, "queue">): string {
  return `tq worker ${flagInShell("--queue", queue)}`;
}

/** @param what it does, or would do. */
export function stoppedWhy(id: number, what: string, pid: number): Why {
  return {
    cause: "stopped",
    sentence: `Task ${id} ${what}, a process that is stopped (SIGSTOP, or Ctrl-Z)`,
    purpose: "let it go on",
    command: `kill -CONT ${pid}`,
  };
}

/** A reason in a sentence: its first line. */
export function shortened(text: string): string {
  const [first = ""] = text.trim().split("\n");
  return quote(first);
}
