/** The folder for the databases of a run: on the disk of the repository, and removed at the end. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { root } from "./root.ts";

export class Folder implements Disposable {
  readonly path: string;
  #files = 0;

  constructor(parent: string | null) {
    const place = parent === null ? onOurDisk() : resolve(parent);
    mkdirSync(place, { recursive: true });
    this.path = mkdtempSync(join(place, "tq-bench-"));
  }

  /** A new path for a database. */
  database(): string {
    this.#files += 1;
    return join(this.path, `${this.#files}.db`);
  }

  /** Deletes a database, so that the next one finds the disk in the same state. */
  remove(path: string): void {
    for (const end of ["", "-wal", "-shm"]) rmSync(path + end, { force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The system's temporary folder is often in memory, where a flush costs nothing. */
function onOurDisk(): string {
  const temporary = tmpdir();
  return statSync(temporary).dev === statSync(root).dev ? temporary : join(root, "dist");
}
