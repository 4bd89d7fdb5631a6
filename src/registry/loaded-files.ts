/** The files of code that a thread has loaded, and whether they are on the disk what they were then. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute } from "node:path";
import { isInExecutable } from "./executable.ts";

/** Each file, and a hash of its text. */
export type LoadedFiles = Readonly<Record<string, string>>;

/** The files that are loaded, without packages: these may be thousands, and change with the files that import them. */
export function loadedFiles(): LoadedFiles {
  const { cache } = createRequire(import.meta.url);
  const files = Object.keys(cache).filter(
    // A name that is no path, such as "tq", is a module that the executable carries.
    (file) => isAbsolute(file) && !isInExecutable(file) && !/[\\/]node_modules[\\/]/.test(file),
  );
  return Object.fromEntries(files.flatMap((file) => hashed(file)));
}

function hashed(file: string): [string, string][] {
  const hash = hashOf(file);
  return hash === null ? [] : [[file, hash]];
}

function hashOf(file: string): string | null {
  try {
    return hashOfContent(readFileSync(file));
  } catch {
    return null; // it is no file, or is gone
  }
}

export function hashOfContent(bytes: Uint8Array<ArrayBuffer>): string {
  return Bun.hash(bytes).toString(36);
}

/**
 * A file that has changed since; null: none has. A file that is gone has not changed: a thread that needs it cannot
 * load it, and says so until it is back.
 */
export function changedFile(files: LoadedFiles): string | null {
  const isChanged = (file: string) => ![files[file], null].includes(hashOf(file));
  return Object.keys(files).find(isChanged) ?? null;
}
