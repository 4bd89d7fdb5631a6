/** Restores a backup: a copy of it is made ready beside the database, and takes its place at once. */
import type { Database } from "bun:sqlite";
import { chmodSync, chownSync, type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { wallNow } from "../../clock.ts";
import { TqError } from "../../errors.ts";
import { giveOwner } from "../../file-owner.ts";
import type { BackupContent, Restored, RestoreOptions } from "../../store/restore.ts";
import { isOfSystem, refusalOf } from "../../write-refusal.ts";
import { localTime } from "../../values/moment.ts";
import { connect, followLinks } from "../connection.ts";
import { translate } from "../errors.ts";
import { copyInto } from "../file/backup.ts";
import { makePart, type Part, removeLeftParts, removeWithLogs, sync } from "../file/parts.ts";
import { checkRoom, contentBytes } from "../file/room.ts";
import { checkSound, countTasks } from "../file/sound.ts";
import { refuseLive } from "../file/alone.ts";
import { contentOf, missingTable, withBackup } from "./backup-file.ts";
import { asideOf } from "./left-name.ts";
import { formerOf, putInOrder } from "./put-in-order.ts";
import { FormerDatabase } from "./replace.ts";

/** To open the copy, which no other program knows of. */
const TIMEOUT_MS = 5_000;

/** @throws TqError where the backup cannot be used, or a worker of the database lives */
export function inspectBackup(given: string, file: string): BackupContent {
  const database = followLinks(given);
  const action = `Cannot restore ${database}`;
  checkFile(database, action);
  refuseLive(database, action);
  return withBackup(file, database, (db) => contentOf(db, file));
}

/**
 * @param content as `inspectBackup` has found it.
 * @throws TqError, and then the database is as it was
 */
export function restoreBackup(
  { file, ...options }: RestoreOptions,
  { madeAt }: Pick<BackupContent, "madeAt">,
): Restored {
  const database = followLinks(options.database);
  const action = `Cannot restore ${database}`;
  checkFile(database, action);
  checkFolder(database, action);
  removeLeftParts(dirname(database));
  using made = makeFile(database, action);
  const part = made.path;
  const { minFree } = options;
  try {
    withBackup(file, database, (db) => copy(db, { database, part, action, file, minFree }));
    return replace(part, { ...options, database, action, madeAt });
  } catch (error) {
    removeWithLogs(part);
    if (isOfSystem(error)) throw refusalOf(action, database, error, "database");
    throw translate(missingTable(error, file), database);
  }
}

/** @throws TqError "database" where a folder, or a pipe, has its name */
function checkFile(database: string, action: string): void {
  const stat = look(database, action);
  if (stat === undefined || stat.isFile()) return;
  const what = stat.isDirectory()
    ? `it is a folder; name a file, for example ${database}/tq.db`
    : "it is no regular file; name another";
  throw new TqError("database", `${action}: ${what}`);
}

/** @throws TqError "database" where it cannot be seen */
function look(database: string, action: string): Stats | undefined {
  try {
    return statSync(database, { throwIfNoEntry: false });
  } catch (error) {
    throw refusalOf(action, database, error, "database");
  }
}

function checkFolder(database: string, action: string): void {
  const folder = dirname(database);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new TqError("invalid", `${action}: the folder ${folder} does not exist; make it first`);
}

interface Copying {
  readonly database: string;
  readonly part: string;
  readonly action: string;
  readonly file: string;
  readonly minFree: number;
}

function copy(db: Database, { database, part, action, file, minFree }: Copying): void {
  checkRoom({ action, target: database, bytes: contentBytes(db), database, minFree });
  try {
    copyInto(db, part);
  } catch (error) {
    throw translate(error, database); // the backup was read to its end before
  }
  share(part, database, file);
}

function makeFile(database: string, action: string): Part {
  try {
    return makePart(database, 0o600);
  } catch (error) {
    throw refusalOf(action, database, error, "database");
  }
}

/**
 * As the former database. Where that is gone, no more people may read it than the backup, and its owner may write it: a
 * backup is often kept read-only.
 */
function share(part: string, database: string, file: string): void {
  const former = statSync(database, { throwIfNoEntry: false });
  const mode = former?.mode ?? statSync(file).mode | 0o600;
  chmodSync(part, mode & 0o777);
  giveOwner(part, database);
  if (former !== undefined) giveGroup(part, former);
}

/** Users of one group may share a database. */
function giveGroup(part: string, { gid }: Stats): void {
  try {
    if (statSync(part).gid !== gid) chownSync(part, -1, gid);
  } catch {
    // this user is not of that group
  }
}

type Replacing = Omit<RestoreOptions, "file"> & {
  readonly action: string;
  readonly madeAt: number | null;
};

function replace(part: string, { database, action, hold, skip, madeAt }: Replacing): Restored {
  const now = wallNow();
  using former = new FormerDatabase(database, action);
  refuseLive(database, action); // a worker may have started meanwhile
  const reason = `restored from a backup${madeAt === null ? "" : ` of ${localTime(madeAt, now)}`}`;
  const order = { database, hold, reason, former: former.read(formerOf), skip };
  const { interrupted, nextId, pauses, tasks } = prepare(part, (db) => ({
    ...putInOrder(db, order, now),
    tasks: countTasks(db),
  }));
  const aside = asideOf(database, now);
  const put = former.replaceBy(part, aside);
  return {
    path: database,
    former: put.former,
    former_logs: put.logs,
    tasks,
    interrupted,
    next_id: nextId,
    held: hold,
    pauses,
  };
}

/** Brings the copy to this schema, changes it, and leaves one file that is whole and on disk. */
function prepare<T>(part: string, change: (db: Database) => T): T {
  const db = connect({ path: part, timeout: TIMEOUT_MS, needsTables: true });
  try {
    const changed = change(db);
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    db.run("PRAGMA journal_mode = DELETE");
    checkSound(db, part, "pages");
    return changed;
  } finally {
    db.close();
    sync(part);
  }
}
