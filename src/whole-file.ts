/** Files that users see, written whole: a full disk and a kill leave what was there before, and no part of the new one. */
import { linkSync, lstatSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { TqError } from "./errors.ts";
import { giveOwner } from "./file-owner.ts";
import { codeOf, refusalOf } from "./write-refusal.ts";

interface Made {
  /** Default: that of the user's shell. */
  readonly mode?: number;
  /** True: it is on the disk before its name is there. */
  readonly flush?: boolean;
  /** The file or folder whose owner gets what root makes; default: the folder. */
  readonly like?: string;
}

/** @throws the system's error `EEXIST` where something is there already; it stays. */
export function createFile(path: string, text: string, made: Made = {}): void {
  writeDraft(path, text, made, (draft) => {
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!hasNoLinks(error)) throw error;
      createAlone(path, text, made);
    }
  });
}

/** Puts it in the place of what is there; other programs see the one or the other. @throws the system's error */
export function replaceFile(path: string, text: string, made: Made = {}): void {
  writeDraft(path, text, made, (draft) => renameSync(draft, path));
}

function writeDraft(path: string, text: string, made: Made, take: (draft: string) => void): void {
  const draft = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    writeNew(draft, text, made, dirname(path));
    take(draft);
  } finally {
    removeDraft(draft);
  }
}

/** A disk that takes no file lets none be removed either: the first refusal is the one to tell. */
export function removeDraft(draft: string): void {
  try {
    rmSync(draft, { force: true });
  } catch {
    // it is not there, or stays
  }
}

/** Where a file system has no links: others may see a part of it for a moment. */
function createAlone(path: string, text: string, made: Made): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    throw Object.assign(new Error(`EEXIST: ${path}`), { code: "EEXIST" });
  }
  try {
    writeNew(path, text, made, dirname(path));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") rmSync(path, { force: true });
    throw error;
  }
}

function writeNew(
  path: string,
  text: string,
  { mode = 0o666, flush = false, like }: Made,
  folder: string,
): void {
  writeFileSync(path, text, { flag: "wx", mode, flush });
  giveOwner(path, like ?? folder);
}

/** FAT and some network file systems have no links. */
function hasNoLinks(error: unknown): boolean {
  return ["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(codeOf(error));
}

/** The refusal for a file that could not be written. */
export function cannotWriteFile(path: string, cause: unknown): TqError {
  return refusalOf(`Cannot write ${path}`, path, cause);
}
