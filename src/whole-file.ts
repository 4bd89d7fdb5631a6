/** Files that users see, written whole: a full disk and a kill leave what was there before, and no part of the new one. */
import { linkSync, lstatSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, TqError } from "./errors.ts";
import { giveOwner, ownerWords } from "./file-owner.ts";

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
    rmSync(draft, { force: true });
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

/** True where the disk, or the part of it that this user may have, is full. */
export function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(codeOf(error));
}

/** The refusal for a file that could not be written. */
export function cannotWriteFile(path: string, cause: unknown): TqError {
  const folder = dirname(path);
  const why = codeOf(cause) === "ENOENT" ? `there is no folder ${folder}` : reasonOf(cause);
  const sentence = `Cannot write ${path}: ${why}${ownerWords(folder)}`;
  return new TqError(isFull(cause) ? "full" : "invalid", sentence, { cause });
}

/** The system's words without the call that failed, which names a file that nobody knows. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return codeOf(error) === "" ? message : message.replace(/, \w+(?: '.*)?$/s, "");
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
