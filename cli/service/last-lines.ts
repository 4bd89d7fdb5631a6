/** The end of a log that may be long. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const BYTES = 4_096;
const LINES = 5;

/** None where it cannot be read. */
export function lastLinesOf(file: string): string[] {
  try {
    const lines = endOf(file).split(/\r?\n/);
    return lines.filter((line) => line !== "").slice(-LINES);
  } catch {
    return [];
  }
}

function endOf(file: string): string {
  const fd = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(BYTES);
    const from = Math.max(fstatSync(fd).size - BYTES, 0);
    return buffer.toString("utf8", 0, readSync(fd, buffer, 0, BYTES, from));
  } finally {
    closeSync(fd);
  }
}
