/** Checks before a large file is written that its disk has room for it. */
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { TqError } from "../../errors.ts";
import { formatSize } from "../../values/size.ts";
import { freeBytes } from "./capacity.ts";

/** The bytes of a database's content: its copy is not larger. */
export function contentBytes(db: Database): number {
  const value = (name: string) => (db.query(`PRAGMA ${name}`).values() as [number][])[0]?.[0] ?? 0;
  return (value("page_count") - value("freelist_count")) * value("page_size");
}

export interface Wanted {
  /** Begins the sentence of a refusal: `Cannot write the backup /mnt/tq.db`. */
  readonly action: string;
  /** The file that is to be written. */
  readonly target: string;
  readonly bytes: number;
  /** The database in use. */
  readonly database: string;
  /** The bytes that the queue's own disk keeps free, as pushes are refused below. */
  readonly minFree: number;
}

/** @throws TqError "full" where the file does not fit. */
export function checkRoom({ action, target, bytes, database, minFree }: Wanted): void {
  const free = freeBytes(target);
  const isShared = deviceOf(target) === deviceOf(database);
  const kept = isShared ? minFree : 0;
  if (bytes + kept <= free) return;
  const floor =
    kept > 0 ? `, of which database.min_free_mb keeps ${formatSize(kept)} for the queue` : "";
  throw new TqError(
    "full",
    `${action}: it needs ${formatSize(bytes)}, and the disk of ${dirname(target)} has ${formatSize(free)} free${floor}; free some space, or name another disk`,
  );
}

function deviceOf(path: string): number | undefined {
  return statSync(dirname(path), { throwIfNoEntry: false })?.dev;
}
