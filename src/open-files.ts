/** The limit of files that a process may have open: connections, pipes to children and files count. */
import { closeSync, openSync, readFileSync } from "node:fs";

const CODES: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE"]);

/** Read early: a process that is at its limit cannot read it. */
let limit: string | null = null;

/** Call it at the start of a program that may reach the limit. */
export function noteOpenFilesLimit(): void {
  try {
    const limits = readFileSync("/proc/self/limits", "latin1");
    limit = /^Max open files +(\d+)/m.exec(limits)?.[1] ?? null;
  } catch {
    // only Linux has it
  }
}

/** Why and what to do, where too many open files caused this error; null for any other error. */
export function openFilesWords(error: unknown): string | null {
  const { code } = (error ?? {}) as { code?: unknown };
  return CODES.has(code) ? words() : null;
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
