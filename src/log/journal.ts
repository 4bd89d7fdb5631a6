/** Lines for the journal of systemd, which takes how urgent a line is from a number before it: `man 3 sd-daemon`. */
import { fstatSync } from "node:fs";
import type { Level } from "./events.ts";

const PRIORITIES: Record<Level, number> = { error: 3, warn: 4, info: 6, debug: 7 };

/** True where standard output (1) or standard error (2) is the journal. A program may have been given another one since. */
export function goesToJournal(descriptor: 1 | 2, env = process.env): boolean {
  const named = env["JOURNAL_STREAM"];
  if (!named) return false;
  try {
    const { dev, ino } = fstatSync(descriptor);
    return named === `${dev}:${ino}`;
  } catch {
    return false; // it is closed
  }
}

/** Puts the number before each line of a text. */
export function withPriority(level: Level, text: string): string {
  const mark = `<${PRIORITIES[level]}>`;
  return `${mark}${text.replaceAll(/\n(?!$)/g, `\n${mark}`)}`;
}
