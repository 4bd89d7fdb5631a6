/**
 * Files that are not whole yet: each is written under another name beside its own, and renamed once it is on disk. A
 * process that was killed leaves one behind, which the next one removes.
 */
import { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { isBusy } from "../errors.ts";

const PART = /^(.+)\.part-(\d+)-[0-9a-z]+$/;

export function newPart(target: string): string {
  return `${target}.part-${process.pid}-${Math.random().toString(36).slice(2)}`;
}

/** Removes a file with what SQLite keeps beside it. */
export function removeWithLogs(path: string): void {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

/**
 * Removes the parts in a folder that no process writes any more.
 *
 * @param isOurs told the name that a part was to get.
 */
export function removeLeftParts(folder: string, isOurs: (name: string) => boolean): void {
  for (const name of readdirSync(folder)) {
    const [, target, pid] = PART.exec(name) ?? [];
    if (target === undefined || !isOurs(target)) continue;
    const path = join(folder, name);
    if (!isRunning(Number(pid)) && !isLocked(path)) removeWithLogs(path);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "EPERM";
  }
}

/** Another machine, and a container, numbers its processes on its own. */
function isLocked(path: string): boolean {
  try {
    using db = new Database(path, { create: false, readwrite: true });
    db.run("PRAGMA busy_timeout = 0");
    db.run("BEGIN EXCLUSIVE");
    return false;
  } catch (error) {
    return isBusy(error);
  }
}

/** Flushes a file, as SQLite does not flush what `VACUUM INTO` writes; or a folder, where the system can. */
export function sync(path: string, mode: "r" | "r+" = "r+"): void {
  if (mode === "r" && process.platform === "win32") return;
  const descriptor = openSync(path, mode);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function syncFolderOf(path: string): void {
  sync(dirname(path), "r");
}
