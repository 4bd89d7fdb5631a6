/**
 * Flushes commits after they have freed the write lock, so that others write while the disk works. SQLite's
 * own flush (`synchronous = FULL`) is part of its commit: whoever comes next waits for it too. With `NORMAL`
 * it writes the same bytes, and leaves the flush of the WAL to us (https://www.sqlite.org/pragma.html#pragma_synchronous).
 *
 * SQLite locks bytes of the database and of the `-shm` file, none of the WAL: a descriptor of our own on the
 * WAL may be closed without harm (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
import { promisify } from "node:util";
import { TqError } from "../errors.ts";

const flushLater = promisify(fdatasync);

/** Windows flushes only what may be written. */
const MODE = process.platform === "win32" ? "r+" : "r";

export class Flush {
  readonly #wal: string;
  readonly #on: boolean;
  #file: number | null = null;
  #failure: TqError | null = null;

  /** @param on false where commits are not to be flushed. */
  constructor(database: string, on: boolean) {
    this.#wal = `${database}-wal`;
    this.#on = on;
  }

  /**
   * Call it after a commit, and acknowledge the commit after it: all that was committed before is on disk.
   *
   * @throws TqError "database" when the disk refuses.
   */
  commits(): void {
    if (!this.#on) return;
    this.check();
    try {
      fdatasyncSync(this.#open());
    } catch (error) {
      throw this.#fail(error);
    }
  }

  /** The same while the caller goes on: resolves when all that was committed before the call is on disk. */
  async meanwhile(): Promise<void> {
    if (!this.#on) return;
    this.check();
    try {
      await flushLater(this.#open());
    } catch (error) {
      throw this.#fail(error);
    }
  }

  #open(): number {
    return (this.#file ??= openSync(this.#wal, MODE));
  }

  #fail(error: unknown): TqError {
    return (this.#failure ??= new TqError(
      "database",
      `Cannot flush ${this.#wal}: ${String(error)}; what was committed last may be lost; see that the disk works, then start again`,
      { cause: error },
    ));
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
