/** Reads one file: its hash and its text. No function here throws: an error is a result too. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { countWords, decode, kindOf, stripTags } from "./text.ts";

/** The values to store for a file. */
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

/** The text of a longer file is cut; its hash is of the whole file. */
export const TEXT_LIMIT_BYTES = 2 * 1024 * 1024;

/** Attempts to read a file that changes while it is read. */
const MAX_TRIES = 3;

// Since the walk the file may have become a link, or a pipe, whose opening would block the thread.
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

export function read(path: Uint8Array): Contents {
  let file: number | undefined;
  try {
    file = openSync(Buffer.from(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
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

/** Each thread reads every file into its two buffers, as it runs its tasks one after another. */
const buffer = new Uint8Array(TEXT_LIMIT_BYTES);
const rest = new Uint8Array(TEXT_LIMIT_BYTES);

function readAll(file: number): { head: Uint8Array; hash: string } {
  const hasher = new Bun.CryptoHasher("sha256");
  let length = 0;
  for (let at = 0; ;) {
    const target = length < TEXT_LIMIT_BYTES ? buffer.subarray(length) : rest;
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
  const cut = size > TEXT_LIMIT_BYTES;
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

/** The reason, in words, of an error of the file system. */
export function reasonOf(error: unknown): string {
  const { code = String(error) } = error as { code?: string };
  return REASONS[code] ?? code;
}
