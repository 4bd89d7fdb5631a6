/** Backups in a folder: each has the name of the database and the time, and the oldest go. */
import { Database } from "bun:sqlite";
import { lstatSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { wallNow } from "../../clock.ts";
import { TqError } from "../../errors.ts";
import { giveOwner } from "../../file-owner.ts";
import type { Backup } from "../../store/backup.ts";
import { isWrongPath, refusalOf } from "../../write-refusal.ts";
import { type BackupOptions, checkName, isFolder, writeBackup } from "./backup.ts";
import { followLinks } from "../connection.ts";
import { FileIdentity } from "./identity.ts";
import { identityOf, type Origin, originOf, placeOf, shareOf } from "./origin.ts";
import { ownNameOf } from "./own-names.ts";
import { removeWithLogs } from "./parts.ts";
import { openUnwritable } from "./unwritable.ts";

/** `2026-11-30T023000.123Z`: by name they are in the order of their times, also where clocks change. */
const TIME = String.raw`\d{4}-\d\d-\d\dT\d{6}\.\d{3}Z`;

function stemOf(database: string): string {
  return basename(database).replace(/\.(?:db|sqlite3?)$/, "");
}

/** The names of backups of a database with this path, or of one of the same name. */
function isNamedLike(database: string): (name: string) => boolean {
  const pattern = new RegExp(`^${RegExp.escape(stemOf(database))}-${TIME}\\.db$`);
  return (name) => pattern.test(name);
}

export interface BackupPlace extends Omit<BackupOptions, "target" | "anew"> {
  /** A file, or a folder that is there. */
  readonly path: string;
  /** How many backups of this database stay in the folder; null: all. */
  readonly keep: number | null;
}

/**
 * Refuses a place that nobody can have meant: a file that is there already, a folder that is not, or a name of the
 * database's own.
 *
 * @throws TqError "invalid"
 */
export function checkPlace({
  path,
  keep,
  database,
}: Pick<BackupPlace, "path" | "keep" | "database">): void {
  const own = ownNameOf(path, database);
  if (own !== null) {
    const why = `${own} is a name of the database's own; give another one`;
    throw new TqError("invalid", `Cannot write the backup ${path}: ${why}`);
  }
  if (isFolder(path) !== false) return; // one that cannot be seen is a failure, and no mistake
  if (keep === null) return checkName(path);
  throw new TqError(
    "invalid",
    `Cannot keep ${keep} backups: ${path} is no folder; name one that is there`,
  );
}

/** The first name from this time on that no file in the folder has. */
function freeName({ path: folder, database, now }: BackupPlace): string {
  for (let at = now; ; at++) {
    const time = new Date(at).toISOString().replaceAll(":", "");
    const path = join(folder, `${stemOf(database)}-${time}.db`);
    if (!isTaken(path)) return path;
  }
}

function isTaken(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // nobody may look there: writing says why
  }
}

/** @throws as `checkPlace` and `writeBackup` */
export function backUp(db: Database, place: BackupPlace): Backup {
  const { path, keep, ...options } = place;
  checkPlace(place);
  if (isFolder(path) === false) return writeBackup(db, { ...options, target: path });
  const made = writeBackup(db, {
    ...options,
    target: freeName(place),
    anew: () => freeName(place),
  });
  return keep === null ? made : { ...made, ...tidy(db, made.path, { ...place, keep }) };
}

type Tidying = Pick<BackupPlace, "database" | "path"> & { readonly keep: number };

/** Deletes the oldest backups of this very database, so that as many stay as told, with the one that was made. */
function tidy(db: Database, made: string, { database, path, keep }: Tidying) {
  const isNamed = isNamedLike(database);
  const here = { identity: identityOf(db), place: placeOf(database) };
  const found = namesIn(path)
    .filter((name) => isNamed(name) && name !== basename(made))
    .toSorted()
    .map((name) => join(path, name))
    .map((file) => ({ path: file, ...(originIn(file) ?? UNKNOWN) }));
  const own = found.filter(
    ({ identity, place }) => identity === here.identity && place === here.place,
  );
  const deleted = own.slice(0, Math.max(own.length - (keep - 1), 0)).map((file) => file.path);
  for (const file of deleted) removeWithLogs(file);
  const uncounted = found
    .filter(({ identity, place }) => {
      if (identity === null || place === null) return true;
      return identity === here.identity && place !== here.place; // else of another database, which is common
    })
    .map(({ path: file, identity, place }) => ({
      path: file,
      place: identity === null ? null : place,
    }));
  return { deleted, uncounted };
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

/** @throws TqError "invalid" where the path leads nowhere, "database" or "full" else */
function makeFolder(folder: string, database: string): void {
  try {
    const made = mkdirSync(folder, { recursive: true }); // the topmost folder that was missing
    if (made === undefined) return;
    for (let path = folder; path.length >= made.length; path = dirname(path)) {
      giveOwner(path, database);
    }
  } catch (error) {
    const code = isWrongPath(error) ? "invalid" : "database";
    throw refusalOf(`Cannot make the folder ${folder} for backups`, folder, error, code);
  }
}

/** @throws TqError "database" where they cannot be read */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw refusalOf(`Cannot look for older backups in ${folder}`, folder, error, "database");
  }
}

const UNKNOWN: Origin = { identity: null, place: null };

/** Null for a file of an older schema, and for one that cannot be read. */
function originIn(file: string): Origin | null {
  try {
    if (!statSync(file).isFile()) return null; // a pipe would keep its reader waiting
    using db = openUnwritable(file);
    return originOf(db);
  } catch {
    return null;
  }
}
