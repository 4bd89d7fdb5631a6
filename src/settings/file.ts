/** Finds and reads tq.toml, and names the line of a syntax error. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { TqError } from "../errors.ts";

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
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "ENOENT" && named === null) return null;
    const by = named === null ? "" : ` (from ${named.by})`;
    throw new TqError("invalid", `Cannot read ${path}${by}: ${WHY[code] ?? String(error)}`, {
      cause: error,
    });
  }
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
    throw new TqError("invalid", `Cannot read ${path}${lineOfError(text)}: ${message}`, { cause });
  }
}

/** Bun does not name the line: it is the one after the longest start of the text that parses. */
function lineOfError(text: string): string {
  const lines = text.split("\n");
  if (lines.length > 500) return "";
  let right = lines.length;
  while (right > 0 && !isToml(lines.slice(0, right).join("\n"))) right -= 1;
  return `, line ${right + 1}`;
}

function isToml(text: string): boolean {
  try {
    Bun.TOML.parse(text);
    return true;
  } catch {
    return false;
  }
}
