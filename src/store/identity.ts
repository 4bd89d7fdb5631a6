/**
 * Whether the file under our connections is still the one that has the database's name. Who deletes or
 * replaces it, or its WAL, makes two databases of one, and SQLite does not notice
 * (https://www.sqlite.org/howtocorrupt.html, section 4).
 */
import { statSync } from "node:fs";
import { TqError } from "../errors.ts";

/** Between two looks: ms. */
const FRESH = 5;

export class FileIdentity {
  readonly #path: string;
  readonly #database: number;
  readonly #wal: number;
  #lookedAt = -Infinity;

  /** @param path of a database that is open and has been read, so that its WAL exists. */
  constructor(path: string) {
    this.#path = path;
    this.#database = inodeOf(path);
    this.#wal = inodeOf(`${path}-wal`);
  }

  /**
   * Call it before a commit: nothing may be acknowledged that nobody will find again.
   *
   * @param now monotonic, ms
   * @throws TqError "database" when the file, or its WAL, is gone or is another one.
   */
  check(now: number): void {
    if (now - this.#lookedAt < FRESH) return;
    this.#lookedAt = now;
    if (inodeOf(this.#path) !== this.#database) throw this.#lost(this.#path);
    if (inodeOf(`${this.#path}-wal`) !== this.#wal) throw this.#lost(`${this.#path}-wal`);
  }

  #lost(file: string): TqError {
    this.#lookedAt = -Infinity; // never trust it again
    return new TqError(
      "database",
      `Cannot commit: ${file} was deleted or replaced while it was in use; stop every program that uses the database, put the right file back, and start again`,
    );
  }
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? -1;
}
