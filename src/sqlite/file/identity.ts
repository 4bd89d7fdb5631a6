/**
 * Notices when a file under our connections no longer has the database's name. Deleting or replacing one makes two
 * databases of one, and SQLite does not notice (https://www.sqlite.org/howtocorrupt.html, section 4).
 */
import { statSync } from "node:fs";
import { TqError } from "../../errors.ts";

/** A look at the files is trusted this long. */
const IDENTITY_TRUSTED_MS = 5;

/** The file itself, its WAL, and the index of the WAL, through which processes see each other's commits. */
const SUFFIXES = ["", "-wal", "-shm"] as const;

type Use = "commit" | "read";

export class FileIdentity {
  readonly #files: readonly { readonly path: string; readonly inode: number }[];
  readonly #use: Use;
  #lookedAt = -Infinity;

  /**
   * @param path of a database that is open and was read, so that its WAL exists.
   * @param use what the program does with it, for the sentence
   */
  constructor(path: string, use: Use = "commit") {
    this.#use = use;
    this.#files = SUFFIXES.map((suffix) => `${path}${suffix}`).map((file) => ({
      path: file,
      inode: inodeOf(file),
    }));
  }

  /**
   * Call it before a commit: a commit to a file that has lost its name would be acknowledged, and never found again.
   *
   * @param now monotonic, in ms
   * @throws TqError "database" when one of the files was deleted or replaced.
   */
  check(now: number, use = this.#use): void {
    if (now - this.#lookedAt < IDENTITY_TRUSTED_MS) return;
    this.checkAnew(use);
    this.#lookedAt = now;
  }

  /** Checks without trusting an earlier look. @throws as `check` does */
  checkAnew(use = this.#use): void {
    for (const { path, inode } of this.#files) {
      if (inodeOf(path) !== inode) throw this.#lost(path, use);
    }
  }

  #lost(file: string, use: Use): TqError {
    this.#lookedAt = -Infinity; // every later check looks again
    return new TqError(
      "database",
      `Cannot ${use}: ${file} was deleted or replaced while it was in use; stop every program that uses the database, put that file back, or restore a backup with tq restore, and start again`,
    );
  }
}

/** -1 where there is no file. */
export function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? -1;
}
