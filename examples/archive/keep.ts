/** Keeps or removes the archive at the end, and tells the user which. */
import { readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { line, size } from "./screen.ts";

/** A folder that the user named may hold other files too. */
const ARCHIVE_FILES = /^(archive\.db(-wal|-shm)?|worker\.log)$/;

export function keepArchive(archive: string): void {
  line(`The archive stays in ${archive}: ${size(bytesIn(archive))}`);
}

export function removeArchive(archive: string): void {
  const bytes = bytesIn(archive);
  rmSync(archive, { recursive: true });
  try {
    rmdirSync(dirname(archive));
  } catch {
    // It holds the archives of other folders.
  }
  line(`Removed the archive, ${size(bytes)} in ${archive}; --keep leaves it there`);
}

function bytesIn(folder: string): number {
  const names = readdirSync(folder).filter((name) => ARCHIVE_FILES.test(name));
  return names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
