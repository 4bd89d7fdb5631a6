/** Reads one file: its hash, and its words if it has any. Nothing here throws: trouble is a result too. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { countWords, decode, kindOf, stripTags } from "./text.ts";

/** What is stored of a file. */
export interface Contents {
  readonly state: "text" | "binary" | "unreadable";
  readonly detail: string;
  readonly text?: string;
  readonly size?: number;
  readonly mtime?: number;
  readonly hash: string | undefined;
  readonly words: number | undefined;
  readonly cut: boolean | undefined;
}

/** Bytes of a file that are indexed. A longer file is hashed to its end, piece by piece, and its text is cut. */
export const TEXT_LIMIT = 2 * 1024 * 1024;

/** A file that changes while it is read is read again so many times. */
const TRIES = 3;

// Between the walk and now, the file may have become a link, or a pipe that would block who opens it.
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export function read(path: Uint8Array): Contents {
  let file: number | undefined;
  try {
    file = openSync(Buffer.from(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    for (let tries = 0; tries < TRIES; tries++) {
      const before = fstatSync(file);
      if (!before.isFile()) return unreadable("no longer a file");
      const { head, hash } = readAll(file);
      const after = fstatSync(file);
      if (before.size === after.size && before.mtimeMs === after.mtimeMs) {
        return toContents(path, head, hash, after);
      }
    }
    return unreadable("changes while it is read");
  } catch (error) {
    return unreadable(reasonOf(error));
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** One a thread, used again for every file: tasks of a thread run one after the other. */
const buffer = new Uint8Array(TEXT_LIMIT);
const rest = new Uint8Array(TEXT_LIMIT);

function readAll(file: number): { head: Uint8Array; hash: string } {
  const hasher = new Bun.CryptoHasher("sha256");
  let length = 0;
  for (let at = 0; ;) {
    const target = length < TEXT_LIMIT ? buffer.subarray(length) : rest;
    const count = readSync(file, target, 0, target.length, at);
    if (count === 0) break;
    hasher.update(target.subarray(0, count));
    at += count;
    if (target !== rest) length += count;
  }
  return { head: buffer.subarray(0, length), hash: hasher.digest("hex") };
}

function toContents(path: Uint8Array, head: Uint8Array, hash: string, stats: Stats): Contents {
  const { size, mtimeMs: mtime } = stats;
  const cut = size > TEXT_LIMIT;
  const known = { size, mtime, hash };
  const decoded = decode(head, cut);
  if ("reason" in decoded) {
    return { ...known, state: "binary", detail: decoded.reason, words: undefined, cut: undefined };
  }
  const kind = kindOf(path);
  const text = kind === "HTML" ? stripTags(decoded.text) : decoded.text;
  return { ...known, state: "text", detail: kind, text, words: countWords(text), cut };
}

function unreadable(detail: string): Contents {
  return { state: "unreadable", detail, hash: undefined, words: undefined, cut: undefined };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "vanished before it was read",
  ENOTDIR: "vanished before it was read",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "no longer a file",
  EISDIR: "no longer a file",
  ENXIO: "no longer a file",
};

/** The words for an error of the file system. */
export function reasonOf(error: unknown): string {
  const { code = String(error) } = error as { code?: string };
  return REASONS[code] ?? code;
}
