/** The owners of the files that tq makes: what root leaves behind must not keep the service's own user from starting. */
import { chmodSync, lchownSync, lstatSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * As root, gives a file that tq has made to the owner and group of another file, or of its folder where that is not
 * there.
 */
export function giveOwner(made: string, like: string): void {
  if (process.getuid?.() !== 0) return;
  const found = look(like) ?? look(dirname(like));
  if (found === undefined) return;
  try {
    lchownSync(made, found.uid, found.gid); // follows no link: another user may have put one there
  } catch {
    // the file is gone again, or its file system knows no owners
  }
}

/**
 * Lets those use a file or folder that tq has made beside a database who may use the database, whatever the umask: as
 * root it gives it the same owner, and it adds the same permissions.
 */
export function shareLike(made: string, database: string): void {
  giveOwner(made, database);
  try {
    const access = statSync(database).mode & 0o666;
    const stat = lstatSync(made);
    if (stat.isSymbolicLink()) return; // another user may have put it there
    const entry = stat.isDirectory() ? (access & 0o444) >> 2 : 0;
    const mode = stat.mode | access | entry;
    if (mode !== stat.mode) chmodSync(made, mode & 0o7777);
  } catch {
    // another user's, or gone again
  }
}

function look(path: string) {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Says, for the sentence of a refusal, which of these files or folders other users own; "" where none. */
export function ownerWords(...paths: readonly string[]): string {
  const me = process.getuid?.();
  if (me === undefined || me === 0) return "";
  const others = paths.flatMap((path) => {
    const stat = look(path);
    return stat === undefined || stat.uid === me
      ? []
      : [`${path} belongs to ${userWords(stat.uid)}`];
  });
  return others.length === 0 ? "" : ` (${others.join(", ")}, and this is ${userWords(me)})`;
}

function userWords(uid: number): string {
  return uid === 0 ? "root" : `user ${uid}`;
}
