/**
 * Flushes a commit after it has freed the write lock, so that others write while the disk works. SQLite's own flush
 * (`synchronous = FULL`) is part of the commit, and the next writer waits for it too. With `NORMAL` SQLite writes the
 * same bytes and leaves the flush of the WAL to us (https://www.sqlite.org/pragma.html#pragma_synchronous).
 *
 * SQLite locks bytes of the database and of the `-shm` file, but none of the WAL, so closing another descriptor on the
 * WAL drops no lock (https://www.sqlite.org/howtocorrupt.html, 2.2).
 */
import { clearTimeout, monotonicNow, setTimeout } from "../../clock.ts";
import { closeSync, fdatasync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { TqError } from "../../errors.ts";
import { openFilesWords } from "../../open-files.ts";
import { uncertainError } from "../errors.ts";
import { openOwn } from "../protection/protected-files.ts";
import { FlushTimes } from "./flush-times.ts";
import { recordFailedFlush } from "./unflushed.ts";

/** A thread flushes by itself when its flush in the background has not ended after this long. */
const PATIENCE_MS = 100;

/** Windows flushes only a file that is open for writing. */
const MODE = process.platform === "win32" ? "r+" : "r";

/**
 * The descriptors with which a thread flushes the WAL of an open database. The system reports a failed write once to
 * each descriptor that was open then: two flushes at once need two, and both are opened before the first commit.
 */
export interface WalFiles {
  /** For a flush that blocks its caller. */
  readonly blocking: number;
  /** For a flush in the background. */
  readonly background: number;
  /** The folder with the name of the WAL; null where it cannot be opened. */
  readonly folder: number | null;
}

/** A thread that is terminated closes nothing: the thread that opened the descriptors closes them. */
export function openWal(database: string): WalFiles {
  const opened: number[] = [];
  const open = () => {
    const descriptor = openOwn(`${database}-wal`, MODE);
    opened.push(descriptor);
    return descriptor;
  };
  try {
    return { blocking: open(), background: open(), folder: openFolder(dirname(database)) };
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor);
    throw error;
  }
}

/** Windows opens no folders, and a user may be allowed to write in one but not to read it. SQLite too goes on then. */
function openFolder(path: string): number | null {
  try {
    return openSync(path, "r");
  } catch (error) {
    if (openFilesWords(error) !== null) throw error;
    return null;
  }
}

export function closeWal({ blocking, background, folder }: WalFiles): void {
  closeSync(blocking);
  closeSync(background);
  if (folder !== null) closeSync(folder);
}

export class Flush {
  /** Of flushes that their caller waited for: those in the background end when the thread comes to it. */
  readonly times = new FlushTimes();
  readonly #database: string;
  readonly #on: boolean;
  readonly #lent: WalFiles | null;
  #files: WalFiles | null = null;
  /** True while a flush runs in the background. */
  #backgroundIsBusy = false;
  #nameIsFlushed = false;
  #failure: TqError | null = null;

  /**
   * @param on false: commits are not flushed.
   * @param files of `openWal`, which their lender closes; null: it opens its own.
   */
  constructor(database: string, on: boolean, files: WalFiles | null = null) {
    this.#database = database;
    this.#on = on;
    this.#lent = files;
    try {
      if (on) this.#open();
    } catch {
      // A store that only reads needs none; the first commit reports it.
    }
  }

  /**
   * Flushes while the caller waits. Acknowledge a commit when this returns: every earlier commit is on disk then.
   *
   * @throws TqError "database" when the disk refuses.
   */
  inForeground(): void {
    if (!this.#on) return;
    this.check();
    const { blocking, folder } = this.#open();
    this.#flushName(folder);
    const began = monotonicNow();
    try {
      fdatasyncSync(blocking);
    } catch (error) {
      throw this.#fail(error);
    }
    this.times.add(monotonicNow() - began);
  }

  /**
   * Flushes a commit that was just made, and that others see already.
   *
   * @throws TqError "uncertain" when the disk refuses: the commit may stay, or be lost with the system's memory.
   */
  afterCommit(): void {
    try {
      this.inForeground();
    } catch (error) {
      throw uncertainError(error);
    }
  }

  /** As `afterCommit`, while the thread goes on. */
  async behindCommit(): Promise<void> {
    try {
      await this.inBackground();
    } catch (error) {
      throw uncertainError(error);
    }
  }

  /** Flushes while the caller goes on; resolves when every commit before the call is on disk. */
  async inBackground(): Promise<void> {
    if (!this.#on) return;
    this.check();
    // Of two flushes on one descriptor, only one would learn of a failure.
    if (this.#backgroundIsBusy) return this.inForeground();
    const { background, folder } = this.#open();
    this.#flushName(folder);
    return new Promise((resolve, reject) => {
      // Bun's pool of threads runs the flush, and user code may keep all of them busy.
      const late = setTimeout(() => {
        try {
          this.inForeground();
          resolve();
        } catch (error) {
          reject(error as Error);
        }
      }, PATIENCE_MS);
      this.#backgroundIsBusy = true;
      fdatasync(background, (error) => {
        this.#backgroundIsBusy = false;
        clearTimeout(late);
        if (error) reject(this.#fail(error));
        else resolve();
      });
    });
  }

  /**
   * Flushes the name of the WAL once, as SQLite does with `FULL`: a program with `synchronous = OFF` may have made the
   * WAL. Its name then stays: nobody deletes it while the database is open here.
   */
  #flushName(folder: number | null): void {
    if (this.#nameIsFlushed) return;
    try {
      if (folder !== null) fsyncSync(folder);
    } catch (error) {
      // Any other error says that the file system cannot flush folders.
      if ((error as { code?: string }).code === "EIO") throw this.#fail(error);
    }
    this.#nameIsFlushed = true;
  }

  /**
   * Opens the descriptors once. That may fail and be tried again: the system reports a failed write, which nobody was told
   * of, to the next descriptor too that is opened and flushed.
   */
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
      `Cannot ${verb} ${this.#database}-wal: ${openFilesWords(error) ?? String(error)}; the last commits may be lost; check the disk, then start again`,
      { cause: error },
    );
  }

  #fail(error: unknown): TqError {
    if (this.#failure) return this.#failure;
    recordFailedFlush(this.#database);
    return (this.#failure = this.#error("flush", error));
  }

  /**
   * Call it before a commit. After a failed flush no later one proves anything: the system may have dropped the pages
   * that it could not write.
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
