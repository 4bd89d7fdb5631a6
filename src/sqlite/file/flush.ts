/**
 * Flushes commits after they have freed the write lock, so that others write while the disk works. SQLite's
 * own flush (`synchronous = FULL`) is part of its commit: whoever comes next waits for it too. With `NORMAL`
 * it writes the same bytes, and leaves the flush of the WAL to us (https://www.sqlite.org/pragma.html#pragma_synchronous).
 *
 * SQLite locks bytes of the database and of the `-shm` file, none of the WAL: a descriptor of our own on the
 * WAL may be closed without harm (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import { TqError } from "../../errors.ts";
import { markUnflushed } from "./unflushed.ts";

/** So long a flush is left to the system's other threads: ms. */
const PATIENCE = 100;

/** Windows flushes only what may be written. */
const MODE = process.platform === "win32" ? "r+" : "r";

/**
 * What a thread flushes the log of an open database with. The system reports a failed write once to each descriptor
 * that was open then: two flushes at once need two, and both are opened before the first commit.
 */
export interface WalFiles {
  /** For a flush that its caller waits for. */
  readonly here: number;
  /** For one beside which its caller goes on. */
  readonly beside: number;
}

/** For a thread that may be ended: who ends it closes them after that. */
export function openWal(database: string): WalFiles {
  const here = openSync(`${database}-wal`, MODE);
  try {
    return { here, beside: openSync(`${database}-wal`, MODE) };
  } catch (error) {
    closeSync(here);
    throw error;
  }
}

export function closeWal({ here, beside }: WalFiles): void {
  closeSync(here);
  closeSync(beside);
}

export class Flush {
  readonly #database: string;
  readonly #on: boolean;
  readonly #lent: WalFiles | null;
  #files: WalFiles | null = null;
  /** A flush is under way beside us. */
  #flying = false;
  #failure: TqError | null = null;

  /**
   * @param on false where commits are not to be flushed.
   * @param files of `openWal`, which somebody else closes; null: its own.
   */
  constructor(database: string, on: boolean, files: WalFiles | null = null) {
    this.#database = database;
    this.#on = on;
    this.#lent = files;
    try {
      if (on) this.#open();
    } catch {
      // Who only reads needs none; who commits is told then.
    }
  }

  /**
   * Call it after a commit, and acknowledge the commit after it: all that was committed before is on disk.
   *
   * @throws TqError "database" when the disk refuses.
   */
  commits(): void {
    if (!this.#on) return;
    this.check();
    const { here } = this.#open();
    try {
      fdatasyncSync(here);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** The same while the caller goes on: resolves when all that was committed before the call is on disk. */
  async meanwhile(): Promise<void> {
    if (!this.#on) return;
    this.check();
    if (this.#flying) return this.commits(); // of two on one descriptor only one would hear of a failure
    const { beside } = this.#open();
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
      this.#flying = true;
      fdatasync(beside, (error) => {
        this.#flying = false;
        clearTimeout(late);
        if (error) reject(this.#fail(error));
        else resolve();
      });
    });
  }

  /** That they cannot be opened is no failure for good: nothing was flushed that could be forgotten. */
  #open(): WalFiles {
    if (this.#lent !== null) return this.#lent;
    try {
      return (this.#files ??= openWal(this.#database));
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
    if (this.#failure) return this.#failure;
    markUnflushed(this.#database);
    return (this.#failure = this.#error("flush", error));
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
    if (this.#files !== null) closeWal(this.#files);
    this.#files = null;
  }
}
