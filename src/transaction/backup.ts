/** A copy of the database while it is in use. */
import { resolve } from "node:path";
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { runtime } from "./runtime.ts";

/**
 * Writes a copy of the whole database, as it was last committed, into a new file, or into a folder that is there. It is
 * on disk, and was read again, when the promise resolves. Others write meanwhile. It blocks its thread, some ten seconds
 * for each gigabyte.
 *
 * @throws TqError "invalid" when a file is there, or the folder cannot be written; "full" when the disk has no room.
 * @example await backup("/srv/backup/monday.db");
 */
export async function backup(path: string): Promise<void> {
  if (typeof path !== "string" || path === "") {
    throw new TqError("invalid", `Cannot write a backup: ${quote(path)} is not a path of a file`);
  }
  await runtime().store.backup(resolve(path));
}
