/**
 * Whether the files under our connections are still those that have the database's names. Who deletes or
 * replaces one of them makes two databases of one, and SQLite does not notice
 * (https://www.sqlite.org/howtocorrupt.html, section 4).
 */
import { statSync } from "node:fs";
import { TqError } from "../../errors.ts";

/** Between two looks: ms. */
const FRESH = 5;

/** The file itself, its WAL, and the index of the WAL, by which programs know of each other's commits. */
const SUFFIXES = ["", "-wal", "-shm"] as const;

export class FileIdentity {
  readonly #files: readonly { readonly path: string; readonly inode: number }[];
  #lookedAt = -Infinity;

  /** @param path of a database that is open and has been read, so that its WAL exists. */
  constructor(path: string) {
    this.#files = SUFFIXES.map((suffix) => `${path}${suffix}`).map((file) => ({
      path: file,
      inode: inodeOf(file),
    }));
  }

  /**
   * Call it before a commit, with the time: nothing may be acknowledged that nobody will find again.
   *
   * @param now monotonic, ms
   * @throws TqError "database" when one of the files is gone or is another one.
   */
  check(now: number): void {
    if (now - this.#lookedAt < FRESH) return;
    this.look();
    this.#lookedAt = now;
  }

  /** The same, however lately somebody has looked. */
  look(): void {
    for (const { path, inode } of this.#files) {
      if (inodeOf(path) !== inode) throw this.#lost(path);
    }
  }

  #lost(file: string): TqError {
    this.#lookedAt = -Infinity; // never trust it again
    return new TqError(
      "database",
      `Cannot commit: ${file} was deleted or replaced while it was in use; stop every program that uses the database, put the right file back, and start again`,
    );
  }
}

/** -1 where there is no file. */
export function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? -1;
}
