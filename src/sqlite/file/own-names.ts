/** The names that belong to a database: no copy of it may have one of them, also while nothing has it. */
import { realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { lockFolder } from "./liveness.ts";
import { outputFolder } from "./live-output.ts";
import { unflushedMark } from "./unflushed.ts";

/** The files that SQLite keeps beside a database. */
const OF_SQLITE = ["-wal", "-shm", "-journal"] as const;

/** The token of the API, beside the database. */
const TOKEN_FILE = "tq.token";

function ownNames(database: string): string[] {
  return [
    ...OF_SQLITE.map((end) => `${database}${end}`),
    lockFolder(database),
    outputFolder(database),
    unflushedMark(database),
    join(dirname(database), TOKEN_FILE),
  ];
}

/** The name of the database that a path has, or is inside of; null: none. */
export function ownNameOf(path: string, database: string): string | null {
  const own = new Set(ownNames(withRealFolder(database)));
  const asked = withRealFolder(path);
  return [asked, dirname(asked)].find((one) => own.has(one)) ?? null;
}

/** A folder may have several names. The last part may be a link, or missing. */
function withRealFolder(path: string): string {
  return join(realFolder(dirname(path)), basename(path));
}

/** Of a folder that is missing the part that is there. */
function realFolder(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    const above = dirname(folder);
    return above === folder ? folder : join(realFolder(above), basename(folder));
  }
}
