/**
 * Files that tasks of ended threads have left open. Only the end of the process closes them: their numbers may be other
 * files' by now, SQLite's among them.
 */
import { TqError } from "../errors.ts";
import { openFiles } from "../open-files.ts";

/** Of the files that the process could still open at its start, this share must be free for the next thread. */
const LEAST_FREE = 1 / 4;

/** A thread needs about this many to start. */
const FILES_OF_A_THREAD = 10;

export class LeftFiles {
  /** How many files were open before the first thread has ended; null: not known yet. */
  #before: number | null = null;
  readonly #count: typeof openFiles;

  constructor(count = openFiles) {
    this.#count = count;
  }

  /** Call it before the threads run tasks. */
  begin(): void {
    this.#before ??= this.#count()?.open ?? null;
  }

  /** Why the process should end, for a log; null while it can go on. Call it when a thread has ended. */
  reasonToEnd(): string | null {
    const now = this.#count();
    if (this.#before === null || now === null) return null;
    const { open, limit } = now;
    const isAtLimit = open === Infinity;
    const leastFree = Math.max((limit - this.#before) * LEAST_FREE, FILES_OF_A_THREAD);
    if (!isAtLimit && limit - open >= leastFree) return null;
    const most = isAtLimit ? "all files" : `${open} of the ${limit} files`;
    return `this process has ${most} open that it may have, and files of ended threads stay open`;
  }
}

/** The error of a worker that ends for this reason. */
export function tooManyLeft(reason: string): TqError {
  return new TqError(
    "database",
    `Cannot go on: ${reason}; start the worker again, have the tasks close what they open, or raise the limit with ulimit -n or LimitNOFILE=`,
  );
}
