/** Looks into a database without bringing it to this version's schema. */
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { followLinks } from "./connection.ts";
import { translate } from "./errors.ts";
import type { Peeked } from "../store/peeked.ts";
import { openUnwritable, unwritableAtRest } from "./file/unwritable.ts";
import { readVersion } from "./migrate.ts";
import { livingPrograms } from "./older-workers.ts";

/** Null where there is no database. @throws TqError "database" or "busy" where it cannot be read. */
export function peek(path: string): Peeked | null {
  const file = followLinks(path);
  if (!existsSync(file)) return null;
  let db: Database | undefined;
  try {
    db =
      unwritableAtRest(file) === null
        ? new Database(file, { readwrite: true, create: false, strict: true })
        : openUnwritable(file);
    db.run(`PRAGMA busy_timeout = ${LONGEST_WAIT_MS}`);
    const schema = readVersion(db, file);
    return { schema, programs: schema === 0 ? [] : livingPrograms(db, file) };
  } catch (error) {
    throw translate(error, file);
  } finally {
    db?.close();
  }
}

const LONGEST_WAIT_MS = 5_000;
