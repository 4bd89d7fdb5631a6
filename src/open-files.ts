/** The limit of files that a process may have open: connections, pipes to children and files count. */
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

const CODES: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE"]);

/** Read early: a process that is at its limit cannot read it. */
let limit: string | null = null;

/** Call it at the start of a program that may reach the limit. */
export function noteOpenFilesLimit(): void {
  try {
    limit = readLimit();
  } catch {
    // only Linux has it
  }
}

function readLimit(): string | null {
  const limits = readFileSync("/proc/self/limits", "latin1");
  return /^Max open files +(\d+)/m.exec(limits)?.[1] ?? null;
}

/** How many files this process has open, Infinity where it can open no more, and its limit; null: only Linux tells. */
export function openFiles(): { readonly open: number; readonly limit: number } | null {
  try {
    return { open: readdirSync("/proc/self/fd").length, limit: Number(readLimit() ?? Infinity) };
  } catch (error) {
    return isAtLimit(error) ? { open: Infinity, limit: Number(limit ?? Infinity) } : null;
  }
}

/** Why and what to do, where too many open files caused this error; null for any other error. */
export function openFilesWords(error: unknown): string | null {
  return isAtLimit(error) ? words() : null;
}

function isAtLimit(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return CODES.has(code);
}

/** The same where the error does not say its cause, as with SQLite's: whether this process can open a file now. */
export function cannotOpenFilesWords(): string | null {
  try {
    closeSync(openSync("/dev/null", "r"));
    return null;
  } catch (error) {
    return openFilesWords(error);
  }
}

function words(): string {
  if (limit === null) noteOpenFilesLimit();
  const most = limit === null ? "" : ` (${limit})`;
  return `too many open files: this process has reached its limit${most}; close what is no longer used, or raise the limit with ulimit -n, or LimitNOFILE= in the unit of its service`;
}
