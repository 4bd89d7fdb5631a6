/** Finds and reads tq.toml, and names the line of a syntax error. */
import { readFileSync, statSync } from "node:fs";
import { devNull } from "node:os";
import { resolve } from "node:path";
import { messageOf, TqError } from "../errors.ts";

export interface SettingsFile {
  readonly path: string;
  readonly content: object;
}

/**
 * Reads the file that `-c` or TQ_CONFIG names, else tq.toml in the current folder.
 *
 * @returns null when none is named and the current folder has none
 * @throws TqError `invalid`
 */
export function readSettingsFile(cwd: string, named: NamedFile | null): SettingsFile | null {
  if (named?.path === "")
    throw new TqError("invalid", `Cannot read the settings: ${named.by} is empty`);
  const path = resolve(cwd, named?.path ?? "tq.toml");
  const bytes = readBytes(path, named);
  return bytes === null ? null : { path, content: parse(decode(bytes, path), path) };
}

interface NamedFile {
  readonly path: string;
  /** The flag or the variable that named it: `-c` or `TQ_CONFIG`. */
  readonly by: string;
}

const WHY: Record<string, string> = {
  ENOENT: "there is no such file",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder; name the file in it",
  EACCES: "this user may not read it",
  EPERM: "this user may not read it",
};

function readBytes(path: string, named: NamedFile | null): Uint8Array | null {
  try {
    if (isEndless(path)) throw new Error("it is not a regular file");
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" && named === null) return null;
    const by = named === null ? "" : ` (from ${named.by})`;
    throw new TqError("invalid", `Cannot read ${path}${by}: ${WHY[code] ?? messageOf(error)}`, {
      cause: error,
    });
  }
}

/** A pipe keeps its reader waiting for a program that writes to it, and a device may never end. */
function isEndless(path: string): boolean {
  const stat = statSync(path);
  return !stat.isFile() && !stat.isDirectory() && path !== devNull;
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TqError("invalid", `Cannot read ${path}: it is not UTF-8 text; save it as UTF-8`, {
      cause,
    });
  }
}

function parse(text: string, path: string): object {
  try {
    return Bun.TOML.parse(text);
  } catch (cause) {
    const message =
      cause instanceof Error ? cause.message.replace(/^TOML Parse error: /, "") : String(cause);
    const hint = /"(?:true|false)"$/i.test(message) ? "; true and false have small letters" : "";
    const where = `${path}${lineOfError(text)}`;
    throw new TqError("invalid", `Cannot read ${where}: ${message}${hint}`, { cause });
  }
}

/**
 * Bun does not name the line. Whole statements are taken from the text, each parsed by itself, until one is wrong; a
 * statement that is wrong only after others (a name given twice) is found by halving them. So the work grows with the
 * length of the text, and not with its square.
 */
function lineOfError(text: string): string {
  const lines = text.split("\n");
  const starts: number[] = [];
  for (let start = 0; start < lines.length;) {
    starts.push(start);
    const end = endOfStatement(lines, start);
    if (end === null) break;
    start = end;
  }
  return `, line ${(starts.at(lastGood(lines, starts)) ?? 0) + 1}`;
}

/** The line after the statements that begin at this one; null where none of the longer pieces parses. */
function endOfStatement(lines: readonly string[], start: number): number | null {
  for (let count = 1; ; count += Math.ceil(count / 8)) {
    const end = Math.min(start + count, lines.length);
    if (isToml(lines.slice(start, end).join("\n"))) return end;
    if (end === lines.length) return null;
  }
}

/** The index of the last start before which all is right. */
function lastGood(lines: readonly string[], starts: readonly number[]): number {
  let good = 0;
  let bad = starts.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isToml(lines.slice(0, starts[middle]).join("\n"))) good = middle;
    else bad = middle;
  }
  return good;
}

function isToml(text: string): boolean {
  try {
    Bun.TOML.parse(text);
    return true;
  } catch {
    return false;
  }
}
