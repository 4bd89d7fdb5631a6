/** The folder in which a user stands: a link to a release keeps its name, and so leads on to the next release. */
import { statSync } from "node:fs";
import { isAbsolute, normalize } from "node:path";

/**
 * The current folder by the name under which the user stands in it: `current`, where that is a link to a release. The
 * system knows only where the link leads now; a shell keeps the name in PWD.
 */
export function standingFolder(cwd = process.cwd(), said = process.env["PWD"]): string {
  if (!said || !isAbsolute(said) || normalize(said) !== said) return cwd;
  const [named, current] = [said, cwd].map((path) => statSync(path, { throwIfNoEntry: false }));
  const isSame = named?.ino === current?.ino && named?.dev === current?.dev;
  return isSame ? said : cwd;
}
