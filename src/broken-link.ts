/** A link that leads nowhere is not a free name: the disk that it leads to may not be mounted. */
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Says it for the sentence of a refusal; null: the path is no such link. */
export function brokenLinkWords(path: string): string | null {
  if (!isLink(path) || existsSync(path)) return null;
  const leadsTo = resolve(dirname(path), readlinkSync(path));
  return `${path} is a link to ${leadsTo}, which is not there; mount the disk that it is on, or name another path`;
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  } catch {
    return false; // it cannot be seen: opening it says why
  }
}
