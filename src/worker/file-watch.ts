/** Notices that a file was changed, by a look at its time and size now and then. */
import { statSync } from "node:fs";

export class FileWatch {
  readonly #path: string;
  /** The state of the file that was taken; null: none yet, or the file was not there. */
  #taken: string | null | undefined;
  /** The state of the file at the last look. */
  #seen: string | null | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** True while the file is not as it was taken. */
  get isChanged(): boolean {
    return stateOf(this.#path) !== this.#taken;
  }

  /**
   * True where the file has changed, and nobody has written to it between two looks: an editor may have written half of
   * it. Until it is taken, each look says so.
   */
  look(): boolean {
    const state = stateOf(this.#path);
    const isStill = state === this.#seen;
    this.#seen = state;
    return isStill && state !== this.#taken;
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
