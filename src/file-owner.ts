/** The owners of the files that tq makes: what root leaves behind must not keep the service's own user from starting. */
import { lchownSync, statSync } from "node:fs";
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
