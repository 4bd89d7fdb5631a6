/**
 * Flushes commits after they have freed the write lock, so that others write while the disk works. SQLite's
 * own flush (`synchronous = FULL`) is part of its commit: whoever comes next waits for it too. With `NORMAL`
 * it writes the same bytes, and leaves the flush of the WAL to us (https://www.sqlite.org/pragma.html#pragma_synchronous).
 *
 * SQLite locks bytes of the database and of the `-shm` file, none of the WAL: a descriptor of our own on the
 * WAL may be closed without harm (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import { TqError } from "../errors.ts";

/** So long a flush is left to the system's other threads: ms. */
const PATIENCE = 100;

/** Windows flushes only what may be written. */
const MODE = process.platform === "win32" ? "r+" : "r";

/**
 * A descriptor on the log of an open database, for a thread to flush with: who may end the thread closes it after
 * that. One for each thread: the system reports an error once to each.
 */
export function openLog(database: string): number {
  return openSync(`${database}-wal`, MODE);
}

export class Flush {
  readonly #database: string;
  readonly #on: boolean;
  readonly #lent: number | null;
  #file: number | null = null;
  #failure: TqError | null = null;

  /**
   * @param on false where commits are not to be flushed.
   * @param file of `openLog`, which somebody else closes; null: its own.
   */
  constructor(database: string, on: boolean, file: number | null = null) {
    this.#database = database;
    this.#on = on;
    this.#lent = file;
  }

  /**
   * Call it after a commit, and acknowledge the commit after it: all that was committed before is on disk.
   *
   * @throws TqError "database" when the disk refuses.
   */
  commits(): void {
    if (!this.#on) return;
    this.check();
    const file = this.#open();
    try {
      fdatasyncSync(file);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** The same while the caller goes on: resolves when all that was committed before the call is on disk. */
  async meanwhile(): Promise<void> {
    if (!this.#on) return;
    this.check();
    const file = this.#open();
    return new Promise((resolve, reject) => {
      // What runs beside us shares its threads with the user's code, which may keep all of them.
      const late = setTimeout(() => {
        try {
          this.commits();
          resolve();
        } catch (error) {
          reject(error as Error);
        }
      }, PATIENCE);
      fdatasync(file, (error) => {
        clearTimeout(late);
        if (error) reject(this.#fail(error));
        else resolve();
      });
    });
  }

  /** That it cannot be opened is no failure for good: nothing was flushed that could be forgotten. */
  #open(): number {
    if (this.#lent !== null) return this.#lent;
    try {
      return (this.#file ??= openLog(this.#database));
    } catch (error) {
      throw this.#error("open", error);
    }
  }

  #error(verb: "open" | "flush", error: unknown): TqError {
    return new TqError(
      "database",
      `Cannot ${verb} ${this.#database}-wal: ${String(error)}; what was committed last may be lost; see that the disk works, then start again`,
      { cause: error },
    );
  }

  #fail(error: unknown): TqError {
    return (this.#failure ??= this.#error("flush", error));
  }

  /**
   * Call it before a commit. After a flush that failed no later one proves anything: the system may have
   * forgotten what it could not write.
   *
   * @throws TqError "database" when a flush has failed.
   */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }
}
