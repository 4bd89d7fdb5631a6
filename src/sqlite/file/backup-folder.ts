/** Backups in a folder: each has the name of the database and the time, and the oldest go. */
import { Database } from "bun:sqlite";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { wallNow } from "../../clock.ts";
import { brokenLinkWords } from "../../broken-link.ts";
import { TqError } from "../../errors.ts";
import { giveOwner, ownerWords } from "../../file-owner.ts";
import type { Backup } from "../../store/backup.ts";
import { type BackupOptions, writeBackup } from "./backup.ts";
import { followLinks } from "../connection.ts";
import { FileIdentity } from "./identity.ts";
import { originOf, placeOf, shareOf } from "./origin.ts";
import { removeLeftParts, removeWithLogs } from "./parts.ts";
import { openUnwritable } from "./unwritable.ts";

/** `2026-11-30T023000.123Z`: by name they are in the order of their times, also where clocks change. */
const TIME = String.raw`\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z`;

function stemOf(database: string): string {
  return basename(database).replace(/\.(?:db|sqlite3?)$/, "");
}

function nameIn(database: string, now: number): string {
  return `${stemOf(database)}-${new Date(now).toISOString().replaceAll(":", "")}.db`;
}

/** The names of backups of a database with this path, or of one of the same name. */
function isNamedLike(database: string): (name: string) => boolean {
  const pattern = new RegExp(`^${RegExp.escape(stemOf(database))}-${TIME}\\.db$`);
  return (name) => pattern.test(name);
}

export interface BackupPlace extends Omit<BackupOptions, "target"> {
  /** A file, or a folder that is there. */
  readonly path: string;
  /** How many backups of this database stay in the folder; null: all. */
  readonly keep: number | null;
}

/** @throws as `writeBackup`, and TqError "invalid" for `keep` with a file. */
export function backUp(db: Database, { path, keep, ...options }: BackupPlace): Backup {
  const { database, now } = options;
  if (!isFolder(path)) {
    if (keep === null) return writeBackup(db, { ...options, target: path });
    throw new TqError(
      "invalid",
      `Cannot keep ${keep} backups: ${path} is no folder; name one that is there`,
    );
  }
  const isOurs = isNamedLike(database);
  const target = join(path, nameIn(database, now));
  removeLeftParts(path, isOurs);
  const made = writeBackup(db, { ...options, target });
  if (keep === null) return made;
  const names = readdirSync(path).filter((name) => isOurs(name) && name !== basename(target));
  const origin = originOf(db, [placeOf(database)]);
  const earlier = names
    .toSorted()
    .map((name) => join(path, name))
    .filter((file) => isOf(file, origin));
  const deleted = earlier.slice(0, Math.max(earlier.length - (keep - 1), 0));
  for (const file of deleted) removeWithLogs(file);
  return { ...made, deleted };
}

/** As `backUp`, with a connection of its own; the folder is made where it is missing. */
export function backUpFile(place: Omit<BackupPlace, "now" | "checkFiles">): Backup {
  const database = followLinks(place.database);
  makeFolder(place.path, database);
  using db = new Database(database, { readwrite: true, create: false });
  shareOf(db); // the first read, after which the log is there
  const identity = new FileIdentity(database);
  const checkFiles = () => identity.checkAnew();
  return backUp(db, { ...place, database, now: wallNow(), checkFiles });
}

/** @throws TqError "invalid" */
function makeFolder(folder: string, database: string): void {
  try {
    const made = mkdirSync(folder, { recursive: true }); // the topmost folder that was missing
    if (made === undefined) return;
    for (let path = folder; path.length >= made.length; path = dirname(path)) {
      giveOwner(path, database);
    }
  } catch (error) {
    const why =
      brokenLinkWords(folder) ?? `${(error as Error).message}${ownerWords(dirname(folder))}`;
    throw new TqError("invalid", `Cannot make the folder ${folder} for backups: ${why}`);
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** False for a backup of another database of the same name, and for a file that cannot be read: they stay. */
function isOf(file: string, origin: string): boolean {
  try {
    if (!statSync(file).isFile()) return false; // a pipe would keep its reader waiting
    using db = openUnwritable(file);
    return originOf(db) === origin;
  } catch {
    return false;
  }
}
