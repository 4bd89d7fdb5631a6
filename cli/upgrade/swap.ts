/** Puts one executable in the place of another one that runs. */
import { copyFileSync, linkSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { cannotWrite, flush } from "./candidate.ts";

/**
 * Programs that run keep the old file, as only its name goes to the new one.
 *
 * @returns the name that the old one has now
 * @throws TqError where the target cannot be replaced; then it is as before.
 */
export function swap(candidate: string, target: string): string {
  const old = `${target}.old`;
  try {
    rmSync(old, { force: true });
    if (process.platform === "win32")
      renameSync(target, old); // Windows replaces no file that runs
    else keep(target, old);
    renameSync(candidate, target);
    if (process.platform !== "win32") flush(dirname(target));
    return old;
  } catch (error) {
    throw cannotWrite(target, error);
  }
}

function keep(target: string, old: string): void {
  try {
    linkSync(target, old);
  } catch {
    copy(target, old); // a file system without links
  }
}

function copy(from: string, to: string): void {
  try {
    copyFileSync(from, to);
  } catch (error) {
    rmSync(to, { force: true }); // a part of it must not pass for the old one
    throw error;
  }
}
