/**
 * The second name of a database whose restore was killed: the former database gets it, and the new one takes the first
 * name right after that.
 */
import { readdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathInShell } from "../../in-shell.ts";
import { isTqError, TqError } from "../../errors.ts";
import { openAlone } from "../file/alone.ts";
import { syncFolderOf } from "../file/parts.ts";

/** The name that a former database gets. */
export function asideOf(database: string, now: number): string {
  return `${prefixOf(database)}${new Date(now).toISOString().replaceAll(":", "")}`;
}

function prefixOf(database: string): string {
  return `${database}.former-`;
}

/** Names of the same file that restores have given it. */
export function leftNames(database: string): string[] {
  const file = statSync(database, { throwIfNoEntry: false });
  if (file === undefined || file.nlink < 2) return [];
  const folder = dirname(database);
  return readdirSync(folder)
    .filter((name) => name.startsWith(basename(prefixOf(database))))
    .map((name) => join(folder, name))
    .filter((path) => {
      const other = statSync(path, { throwIfNoEntry: false });
      return other?.ino === file.ino && other.dev === file.dev;
    });
}

/**
 * Removes the names that killed restores have left, before the database is opened. A restore that runs has the database
 * alone between the two names, so it is never taken for a killed one.
 *
 * @throws TqError where it cannot
 */
export function removeLeftNames(database: string): void {
  const [name] = leftNames(database);
  if (name === undefined) return;
  const action = `Cannot use ${database}`;
  try {
    using _alone = openAlone(database, action);
    for (const left of leftNames(database)) rmSync(left);
    syncFolderOf(database);
  } catch (error) {
    const isBusy = isTqError(error) && error.code === "busy";
    const what = isBusy
      ? `a restore is under way, or left it the second name ${name} when it was killed; try again once it has ended`
      : `a restore that was killed has left it the second name ${name}; run that tq restore again, or remove this name (rm ${pathInShell(name)}), which keeps the database`;
    throw new TqError(isBusy ? "busy" : "database", `${action}: ${what}`, { cause: error });
  }
}
