/** Notices that a file was changed, by a look at its time and size now and then. */
import { statSync } from "node:fs";

/** A file that nobody has written to for this long is whole: an editor may save half of one first. */
const SETTLED_MS = 2_000;

export class FileWatch {
  readonly #path: string;
  readonly #now: () => number;
  /** The state of the file that was taken; null: none yet, or the file was not there. */
  #taken: string | null | undefined;
  /** The state of the file at the last look. */
  #seen: string | null | undefined;
  /** When that was seen first. */
  #seenAt = 0;

  /** @param now a monotonic clock, in ms */
  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
  }

  /** True while the file is not as it was taken. */
  get isChanged(): boolean {
    return stateOf(this.#path) !== this.#taken;
  }

  /** True where the file has changed, and has settled. Until it is taken, each look says so. */
  look(): boolean {
    const state = stateOf(this.#path);
    if (state !== this.#seen) this.#seenAt = this.#now();
    this.#seen = state;
    return state !== this.#taken && this.#now() - this.#seenAt >= SETTLED_MS;
  }

  /** The file was read. @returns false where it has changed meanwhile: what was read may be half of it. */
  take(): boolean {
    if (stateOf(this.#path) !== this.#seen) return false;
    this.#taken = this.#seen;
    return true;
  }
}

function stateOf(path: string): string | null {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
}
