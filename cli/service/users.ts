/** The users of the system, for the one as whom a service runs. */
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { runProgram } from "./process.ts";

export interface User {
  readonly name: string;
  readonly id: number;
  readonly home: string;
}

/** @param who a name or a number; null where the system knows no such user. */
export function findUser(who: string): User | null {
  // Both also know the users of a directory service.
  const isMac = process.platform === "darwin";
  const { code, stdout } = runProgram(isMac ? ["id", "-P", who] : ["getent", "passwd", "--", who]);
  const lines = code === 0 ? stdout : readUsers();
  for (const line of lines.split("\n")) {
    const fields = line.split(":");
    const [name = "", , id = ""] = fields;
    const home = fields.at(-2) ?? "/";
    if (name !== "" && (name === who || id === who)) return { name, id: Number(id), home };
  }
  return null;
}

function readUsers(): string {
  try {
    return readFileSync("/etc/passwd", "utf8");
  } catch {
    return ""; // Windows has no such file
  }
}

/** The number of the user who owns this file, or else the nearest folder above it that is there. */
export function ownerOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat !== undefined) return stat.uid;
  const parent = dirname(path);
  return parent === path ? 0 : ownerOf(parent);
}
