/** The token of the admin API: a file beside the database that only its owner, or a group of the owner's choice, can read. */
import { chmodSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathInShell } from "../../in-shell.ts";
import { TqError } from "../../errors.ts";
import { newToken } from "./tokens.ts";
import { createFile } from "../../whole-file.ts";
import { refusalOf } from "../../write-refusal.ts";

const MIN_LENGTH = 32;

export interface Token {
  readonly token: string;
  /** The path of its file. */
  readonly file: string;
}

/**
 * The token in the file `tq.token` of this folder, which is made at the first call; programs that start
 * together get the same one. A file that every user may read is made private; a group may.
 *
 * @param like the file whose owner gets the token that root makes.
 * @throws TqError `invalid` or `full` when the file cannot be used
 */
export function loadToken(folder: string, like = folder): Token {
  const file = join(folder, "tq.token");
  try {
    const token = read(file) ?? make(file, like);
    return { token, file };
  } catch (error) {
    if (error instanceof TqError) throw error;
    throw refusalOf(`Cannot use the token in ${file}`, file, error);
  }
}

/** The token of an existing file; undefined when there is none. @throws as `loadToken` does */
function read(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isFile()) throw refused(file, "it is not a file", "move it away");
  checkMode(file, stats.mode);
  const token = readFileSync(file, "utf8").trim();
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw refused(file, "it has spaces or letters outside ASCII", "delete it to have one made");
  }
  if (token.length < MIN_LENGTH) {
    const reason = `it has ${token.length} characters and needs ${MIN_LENGTH}`;
    throw refused(file, reason, "delete it to have one made");
  }
  return token;
}

/**
 * A file that every user may read is made private: its mode comes from a shell, not from a choice. A group has the
 * rights that the owner gave it. Windows has no such modes: there the folder decides.
 */
function checkMode(file: string, mode: number): void {
  if (process.platform === "win32" || (mode & 0o007) === 0) return;
  try {
    chmodSync(file, 0o600);
  } catch {
    // another user's file, or a file system without modes: the check below refuses it
  }
  if ((statSync(file).mode & 0o007) === 0) return;
  throw refused(
    file,
    "every user may read it",
    `run chmod 600 ${pathInShell(file)} as its owner, or chmod 640 for a group`,
  );
}

/** The whole file appears at once, and only where there is none: the second process reads the token of the first. */
function make(file: string, like: string): string {
  const token = newToken();
  try {
    createFile(file, token, { mode: 0o600, flush: true, like });
    return token;
  } catch (error) {
    const first = read(file); // another process was first
    if (first !== undefined) return first;
    throw error;
  }
}

function refused(file: string, reason: string, advice: string): TqError {
  return new TqError("invalid", `Cannot use the token in ${file}: ${reason}; ${advice}`);
}
