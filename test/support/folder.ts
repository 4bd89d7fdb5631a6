/** A temporary folder for a test, removed when its scope ends. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Folder extends Disposable {
  readonly path: string;
  /** The absolute path of a file in it. */
  file(name: string): string;
}

/** @example using folder = makeFolder(); */
export function makeFolder(parent = tmpdir()): Folder {
  const path = mkdtempSync(join(parent, "tq-test-"));
  return {
    path,
    file: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
