/** The statement that commits: after an error of the disk nothing says whether the changes are stored. */
import type { Database } from "bun:sqlite";
import { commitError } from "./errors.ts";

/** @throws TqError "uncertain" when the disk did not confirm the commit; any other error of SQLite: nothing is stored. */
export function runCommit(db: Database, path: string): void {
  try {
    db.query("COMMIT").run();
  } catch (error) {
    throw commitError(error, path);
  }
}
