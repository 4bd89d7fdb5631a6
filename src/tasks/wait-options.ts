/** The options of the waits for tasks, and where the waits are refused. */
import { TqError } from "../errors.ts";
import { inspected, quote } from "../quote.ts";
import { unknownOption } from "../suggest.ts";
import { currentTask } from "../transaction/current-task.ts";
import { Transaction } from "../transaction/transaction.ts";
import { type Duration, toMilliseconds } from "../values/duration.ts";
import { whole } from "../values/option-kinds.ts";

export interface WatchOptions {
  /** Ends the wait; it then rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

export interface ResultOptions extends WatchOptions {
  /** The longest time to wait, such as `"30s"`. Default: until the task has ended. */
  readonly timeout?: Duration | undefined;
}

const ID = whole("the id of a task: a whole number from 1 up", 1);

/** @param move completes "Cannot … a task": `cancel` */
export function readId(id: unknown, move: string): number {
  return ID.read(id, `Cannot ${move} a task: its id`);
}

/** A timer of JavaScript takes no longer time. */
const LONGEST_MS = 2 ** 31 - 1;

/** @returns the ms of the timeout; null: none. */
export function readResultOptions(options: unknown, id: number): number | null {
  checkOptions(options, id, ["timeout", "signal"]);
  const { timeout } = options as { readonly timeout?: unknown };
  if (timeout === undefined) return null;
  const name = `Cannot wait for task ${id}: timeout`;
  if (timeout === null || Number.isNaN(timeout)) {
    throw new TqError(
      "invalid",
      `${name} cannot be ${quote(timeout)}; write a length of time like "30s"`,
    );
  }
  const ms = toMilliseconds(timeout as Duration, name);
  if (ms >= 0 && ms <= LONGEST_MS) return ms;
  throw new TqError("invalid", `${name} cannot be ${quote(timeout)}: it must be 0 s to 24 days`);
}

/** Refuses options that there are not, and a signal that is none. */
export function checkOptions(options: unknown, id: number, known: readonly string[]): void {
  const refused = (why: string) => new TqError("invalid", `Cannot wait for task ${id}: ${why}`);
  if (typeof options !== "object" || options === null) {
    throw refused(`${quote(options)} is no object of options, such as { ${known[0]}: … }`);
  }
  const unknown = unknownOption(options, known);
  if (unknown !== null) throw refused(unknown);
  const { signal } = options as { readonly signal?: unknown };
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw refused(`signal cannot be ${inspected(signal)}: it must be an AbortSignal`);
}

/** @throws TqError "conflict" where a wait could wait for itself. */
export function checkMayWait(id: number): void {
  const task = currentTask();
  if (task) {
    throw new TqError(
      "conflict",
      `Cannot wait for task ${id} inside task ${task.id}: it may need the thread, or the lock, of the task that waits, and then neither ends; let the method of task ${id} push what comes next`,
    );
  }
  if (Transaction.currentIfAny?.unit.ended === false) {
    throw new TqError(
      "conflict",
      `Cannot wait for task ${id} inside a transaction: it may need the lock that the transaction holds, and then neither ends; wait once the transaction has committed`,
    );
  }
}
