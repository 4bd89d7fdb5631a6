/**
 * Reads a database that this user may not write. SQLite reads a file in WAL mode through its WAL and the index of that,
 * which the last program to close the database removes: where they are gone, only a user who may make them again can
 * read, unless the file is opened as one that does not change (https://www.sqlite.org/uri.html#uriimmutable).
 */
import { constants, Database } from "bun:sqlite";
import { accessSync, constants as modes, existsSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { TqError } from "../../errors.ts";

/** True where no program has the database open, and this user may not open it as usual. */
export function isUnwritable(path: string): boolean {
  return (
    existsSync(path) && !existsSync(`${path}-wal`) && !(mayWrite(path) && mayWrite(dirname(path)))
  );
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, modes.W_OK);
    return true;
  } catch {
    return false;
  }
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
