/** Words of command lines that people paste into a shell. */

/** A word as a POSIX shell takes it; PowerShell takes it so where it has no quote. */
export function inShell(word: string): string {
  const plain = process.platform === "win32" ? /^[\w@%+=:.,/\\-]+$/ : /^[\w@%+=:.,/-]+$/;
  return plain.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** A path as an argument of any command: one that begins with a dash would be taken for a flag. */
export function pathInShell(path: string): string {
  return inShell(path.startsWith("-") ? `./${path}` : path);
}

/** A flag with its value, which may begin with a dash. */
export function flagInShell(flag: string, value: string): string {
  return `${flag}${value.startsWith("-") ? "=" : " "}${inShell(value)}`;
}
