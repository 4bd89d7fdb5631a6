/**
 * Finds what keeps a database from being written, and reads one that may not be. SQLite reads a file in WAL mode through
 * its WAL and the index of that, which the last program to close the database removes: where they are gone, only a user
 * who may make them again can read, unless the file is opened as one that does not change
 * (https://www.sqlite.org/uri.html#uriimmutable).
 */
import { constants, Database } from "bun:sqlite";
import { accessSync, closeSync, constants as modes, existsSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { TqError } from "../../errors.ts";
import { ownerWords } from "../../file-owner.ts";
import { openOwn, refusalOf } from "../protection/protected-files.ts";

/** EROFS and EPERM (an attribute of the file) are the same for every user, EACCES depends on the user. */
type Code = "EROFS" | "EPERM" | "EACCES";

export interface Unwritable {
  readonly code: Code;
  /** The file or folder that cannot be written. */
  readonly file: string;
}

/** Asks the system whether programs can begin to write to a database that is there; null: they can. */
export function findUnwritable(path: string): Unwritable | null {
  const files = [path, `${path}-wal`, `${path}-shm`];
  const isInUse = files.every((file) => existsSync(file));
  const asked = isInUse ? files : [...files, dirname(path)]; // the missing files are to be made there
  const found = asked.flatMap((file) => tryOn(file, askAccess) ?? []);
  return found.find(({ code }) => code !== "EACCES") ?? found[0] ?? tryToOpen(path);
}

/**
 * Since Linux 6.15 only opening a file shows that ext4 has become read-only by an error. Closing the WAL drops no lock
 * of SQLite; closing the database does, so it is opened only where this process does not use it.
 */
function tryToOpen(path: string): Unwritable | null {
  if (existsSync(`${path}-wal`)) return tryOn(`${path}-wal`, askByOpening);
  return refusalOf(path) === null ? tryOn(path, askByOpening) : null;
}

function askAccess(file: string): void {
  accessSync(file, modes.W_OK);
}

function askByOpening(file: string): void {
  closeSync(openOwn(file, "r+"));
}

function tryOn(file: string, ask: (file: string) => void): Unwritable | null {
  try {
    ask(file);
    return null;
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "EROFS" || code === "EPERM" || code === "EACCES" ? { code, file } : null;
  }
}

/** True where others, such as the service, may write the files: a push of theirs is not refused. */
export function isOnlyOfOthers(found: Unwritable): boolean {
  return found.code === "EACCES" && !isOwn(found);
}

/** True where this user owns the file or its folder, as the service does: then a push of the service is refused too. */
function isOwn({ file }: Unwritable): boolean {
  const owners = [file, dirname(file)].map(
    (path) => statSync(path, { throwIfNoEntry: false })?.uid,
  );
  const me = process.getuid?.();
  return me !== undefined && owners.includes(me);
}

const REASONS: Record<Code, (path: string, file: string) => string> = {
  EROFS: (path, file) =>
    file === path
      ? `its file system is mounted read-only (EROFS); ${DISK_ERROR}; mount it for writing`
      : `${file} is on a file system that is mounted read-only (EROFS)${besideWords(path, file)}; ${DISK_ERROR}; mount the folder ${dirname(path)} for writing`,
  EPERM: (_path, file) =>
    `no user may change ${file} (EPERM); take its attribute away with chattr -i -a`,
  EACCES: (path, file) => `${readOnlyWords(path, file)}; give this user write permission`,
};

function readOnlyWords(path: string, file: string): string {
  return `${file} is read-only for this user${ownersOf(path)}${besideWords(path, file)}`;
}

const DISK_ERROR =
  "if the system itself made it read-only after an error of the disk, dmesg says so";

/** A container is often given the file of a database alone. */
function besideWords(path: string, file: string): string {
  return file === dirname(path)
    ? `, and the log ${basename(path)}-wal must be made in it, beside the database`
    : "";
}

/** SQLite may only read, and yet the system refuses nothing now: it did for a moment, or what confines us is not asked. */
export function refusedWriteError(path: string): TqError {
  return new TqError(
    "database",
    `Cannot write to ${path}: the system has refused to open it, or its log ${path}-wal, for writing; try again, and where that does not help, look at what confines this program (ReadOnlyPaths of systemd, SELinux, AppArmor)`,
  );
}

export function unwritableError(path: string, { code, file }: Unwritable): TqError {
  return new TqError("database", `Cannot write to ${path}: ${REASONS[code](path, file)}`);
}

/** The words for a user who may only look, without what to do; null: this one may write. */
export function lacksRight(path: string): string | null {
  const found = findUnwritable(path);
  if (found === null || !isOnlyOfOthers(found)) return null;
  return readOnlyWords(path, found.file);
}

/** Null where the system lets at least another user write: then the failed call has its own sentence. */
export function unwritableForAll(path: string): TqError | null {
  const found = findUnwritable(path);
  return found === null || found.code === "EACCES" ? null : unwritableError(path, found);
}

export function ownersOf(path: string): string {
  return ownerWords(path, `${path}-wal`, `${path}-shm`, dirname(path));
}

/** Says what keeps this user from opening the database as usual, where no program has it open; null: nothing. */
export function unwritableAtRest(path: string): Unwritable | null {
  return existsSync(path) && !existsSync(`${path}-wal`) ? findUnwritable(path) : null;
}

export function openUnwritable(path: string): Database {
  const { SQLITE_OPEN_READONLY: readOnly, SQLITE_OPEN_URI: uri } = constants;
  return new Database(`${pathToFileURL(path).href}?immutable=1`, readOnly | uri);
}

/** Call it after each read. @throws TqError "busy" where the file may have changed: a program has opened it meanwhile. */
export function checkUnchanged(path: string): void {
  if (!existsSync(`${path}-wal`)) return;
  throw new TqError(
    "busy",
    `Cannot read ${path}: a program has begun to write to it meanwhile; try again`,
  );
}
