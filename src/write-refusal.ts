/** Sentences for the system's refusals to write a file or make a folder: what is wrong, where, and what to do. */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { brokenLinkWords } from "./broken-link.ts";
import { type ErrorCode, messageOf, TqError } from "./errors.ts";
import { ownerWords } from "./file-owner.ts";
import { openFilesWords } from "./open-files.ts";

/** The reason and the advice. */
type Words = readonly [reason: string, advice: string];

/** @param path the file or folder that was to be made or changed */
const WORDS: Readonly<Record<string, (path: string) => Words>> = {
  ENOSPC: (path) => [`the disk of ${folderOf(path)} is full`, "free some space and try again"],
  EDQUOT: (path) => [
    `this user has used up what it may have of the disk of ${folderOf(path)}`,
    "free some space, or have the quota raised",
  ],
  EFBIG: () => ["no file may become that large here", "raise the limit (ulimit -f)"],
  EACCES: deniedWords,
  EPERM: (path) => [
    `the system does not let this user change ${presentOf(path)}${ownerWords(presentOf(path))}`,
    "look at its owner, and at its attributes (lsattr)",
  ],
  EROFS: (path) => [
    `the file system of ${folderOf(path)} is mounted read-only`,
    "mount it for writing, or name another place",
  ],
  EISDIR: (path) => [`${path} is a folder`, "move it away, or name a file"],
  EEXIST: blockedWords,
  ENOTDIR: blockedWords,
  ENOENT: missingWords,
  ENAMETOOLONG: () => ["the name is too long for the file system", "give a shorter one"],
  ELOOP: () => ["its links lead round in a circle", "name a path without them"],
  EIO: () => ["the disk has an error", "look at the disk and the system's log"],
  EBUSY: (path) => [`another program uses ${path}`, "end that, and try again"],
  ETXTBSY: (path) => [`${path} runs as a program`, "end that, and try again"],
};

/**
 * Why a file was not written, or a folder not made, and what to do.
 *
 * @param denied the advice for a user who lacks rights; default: to give them
 */
export function refusalWords(path: string, error: unknown, denied?: string): string {
  const limit = openFilesWords(error);
  if (limit !== null) return limit;
  const code = codeOf(error);
  const broken = isWrongPath(error) && code !== "ELOOP" ? brokenLinkAbove(resolve(path)) : null;
  if (broken !== null) return broken;
  const [reason, advice] = WORDS[code]?.(resolve(path)) ?? [];
  if (reason === undefined) return reasonOf(error);
  return `${reason} (${code}); ${(isDenied(error) ? denied : undefined) ?? advice}`;
}

/** @param action begins the sentence: `Cannot write shop/tq.toml`. @param otherwise where the disk is not full */
export function refusalOf(
  action: string,
  path: string,
  cause: unknown,
  otherwise: ErrorCode = "invalid",
): TqError {
  const code = isFull(cause) ? "full" : otherwise;
  return new TqError(code, `${action}: ${refusalWords(path, cause)}`, { cause });
}

/** True where the disk, or the part of it that this user may have, is full. */
export function isFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(codeOf(error));
}

/** True where this user lacks rights. */
function isDenied(error: unknown): boolean {
  return ["EACCES", "EPERM"].includes(codeOf(error));
}

/** True where no user could write it: the path leads nowhere. */
export function isWrongPath(error: unknown): boolean {
  const codes = ["ENOENT", "ENOTDIR", "EEXIST", "EISDIR", "ENAMETOOLONG", "ELOOP"];
  return codes.includes(codeOf(error));
}

/** True for an error of a call of the system, such as a file's. */
export function isOfSystem(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

/** The system's words without the call that failed, which names a file that nobody knows. */
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return codeOf(error) === "" ? message : message.replace(/, \w+(?: '.*)?$/s, "");
}

export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function deniedWords(path: string): Words {
  const at = presentOf(path);
  const owner = ownerWords(at);
  if (isFolder(at) !== true) {
    return [
      `this user may not use ${at}${owner}`,
      "run this as its owner, or give this user rights to it",
    ];
  }
  const lacks = (right: number) => !isAllowed(at, right);
  const verb = lacks(constants.X_OK) ? "enter" : lacks(constants.W_OK) ? "write in" : "read";
  return [
    `this user may not ${verb} the folder ${at}${owner}`,
    "run this as its owner, give this user rights to it, or name another place",
  ];
}

/** A file stands where a folder should. */
function blockedWords(path: string): Words {
  const at = presentOf(path);
  return [
    `${at} is ${isFolder(at) ? "there already" : "a file, and no folder"}`,
    "move it away, or name another path",
  ];
}

function missingWords(path: string): Words {
  const at = presentOf(path);
  if (at === dirname(path)) return [`nothing can be made in ${at}`, "name another place"];
  return [`there is no folder ${dirname(path)}`, "make it first"];
}

function brokenLinkAbove(path: string): string | null {
  const words = brokenLinkWords(path);
  return words ?? (dirname(path) === path ? null : brokenLinkAbove(dirname(path)));
}

/** The path, or the nearest one above that can be seen. */
function presentOf(path: string): string {
  return isFolder(path) !== null || dirname(path) === path ? path : presentOf(dirname(path));
}

function folderOf(path: string): string {
  return isFolder(path) === true || dirname(path) === path ? path : folderOf(dirname(path));
}

/** null: nothing is there, or it cannot be seen. */
function isFolder(path: string): boolean | null {
  try {
    return statSync(path).isDirectory();
  } catch {
    return null;
  }
}

function isAllowed(path: string, right: number): boolean {
  try {
    accessSync(path, right);
    return true;
  } catch {
    return false;
  }
}
