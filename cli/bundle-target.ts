/** The file that `tq bundle` may write: a new one, or an older bundle. */
import { readFileSync, statSync } from "node:fs";
import { brokenLinkWords } from "../src/broken-link.ts";
import { TqError } from "../src/errors.ts";

/** Stands in the first lines of each bundle. */
export const BUNDLE_MARK = "// Made by tq bundle: change what it is made of, and bundle again";

const FIRST_LINES = 3;

/**
 * @param target behind all links, which stay what they are; a link only where it leads nowhere
 * @param force true: it may replace any file
 * @throws TqError "conflict" for a file that is no bundle, "invalid" for what is no file
 */
export function checkTarget(target: string, force: boolean): void {
  const broken = brokenLinkWords(target);
  if (broken !== null) throw refused("invalid", broken);
  const stat = statSync(target, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isFile()) throw refused("invalid", `${target} is no file; name another`);
  if (force || stat.size === 0 || isBundle(target)) return;
  const why = `${target} is there, and tq bundle has not made it`;
  throw refused("conflict", `${why}; name another file, or replace it with --force`);
}

function isBundle(file: string): boolean {
  return readFileSync(file, "utf8").split("\n", FIRST_LINES).includes(BUNDLE_MARK);
}

function refused(code: "conflict" | "invalid", why: string): TqError {
  return new TqError(code, `Cannot bundle the models: ${why}`);
}
