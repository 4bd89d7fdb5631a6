/** The errors with which a wait for a task ends. */
import { isOneInAllCopies } from "../errors.ts";
import type { ErrorData } from "../outcome.ts";
import { callWords, type Task } from "../task.ts";
import type { EndedTask } from "./end.ts";

/** The task whose result was waited for has failed, or was cancelled. */
export class TaskFailedError extends Error {
  static {
    isOneInAllCopies(TaskFailedError, "TaskFailedError");
  }

  /** The task, as it ended. */
  readonly task: Task;
  readonly state: "failed" | "cancelled";
  /** The error of the task's last run, with the name, the code, the message and the stack that it had there; undefined: none. */
  declare readonly cause: Error | undefined;

  /** @internal */
  constructor(task: EndedTask, error: ErrorData | null) {
    const how = task.state === "cancelled" ? "was cancelled" : "failed";
    const why = task.reason === null ? "" : `: ${task.reason}`;
    const cause = error && asError(error);
    super(`${nameOf(task)} ${how}${why}`, cause ? { cause } : undefined);
    this.name = "TaskFailedError";
    this.task = task;
    this.state = task.state === "cancelled" ? "cancelled" : "failed";
  }
}

/** The task has finished, and what its method returned could not be kept: JSON cannot carry it, or it is too long. */
export class ResultNotKeptError extends Error {
  static {
    isOneInAllCopies(ResultNotKeptError, "ResultNotKeptError");
  }

  /** The task, as it ended; its `reason` says why. */
  readonly task: Task;

  /** @internal */
  constructor(task: Task) {
    super(`${nameOf(task)} finished; ${task.reason}`);
    this.name = "ResultNotKeptError";
    this.task = task;
  }
}

/** The task has not ended in the time that its caller gave it. It goes on. */
export class TimeoutError extends Error {
  static {
    isOneInAllCopies(TimeoutError, "TimeoutError");
  }

  /** The task, as it stood then; null: it is gone. */
  readonly task: Task | null;

  /** @internal */
  constructor(message: string, task: Task | null) {
    super(message);
    this.name = "TimeoutError";
    this.task = task;
  }
}

/** A task in a sentence. */
export function nameOf(task: Pick<Task, "id" | "model" | "method" | "instances">): string {
  return `Task ${task.id} (${callWords(task)})`;
}

function asError({ name, message, stack, code = null }: ErrorData): Error {
  const error = new Error(message);
  error.name = name;
  if (code !== null) Object.assign(error, { code });
  error.stack = stack ?? `${name}: ${message}`; // its frames would be those of tq
  return error;
}
