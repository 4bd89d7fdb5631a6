/** Standard error as the log is written to it: whole lines, and nobody is held up for ever by a pipe that is not read. */
import { constants, fstatSync, openSync, writeSync } from "node:fs";

let opened: number | null = null;

/**
 * The descriptor to write to, the same for all threads of the process. A pipe is opened anew, so that ours does not
 * block and that of whoever shares it stays as it is; where the system cannot do that it is 2.
 */
export function standardError(): number {
  return (opened ??= open());
}

function open(): number {
  try {
    if (!fstatSync(2).isFIFO()) return 2;
    return openSync("/proc/self/fd/2", constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return 2; // closed, another user's, or not Linux
  }
}

/** Up to so many bytes get into a pipe together: PIPE_BUF of `man 7 pipe`, on Linux. */
const TOGETHER = 4_096;

/** A full pipe is waited for so long, and then not again until something has got through: ms. */
const PATIENCE = 1_000;

let waited = 0;

/**
 * Writes all of the text, so that no thread or process that writes to the same pipe gets between the halves of a
 * line.
 *
 * @throws when a pipe stays full.
 */
export function writeStandardError(text: string, fd = standardError()): void {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    const lines = rest.lastIndexOf("\n", TOGETHER - 1) + 1 || rest.indexOf("\n") + 1;
    try {
      rest = rest.subarray(writeSync(fd, rest, 0, lines || rest.length));
      waited = 0;
    } catch (error) {
      if (!isFullPipe(error) || waited >= PATIENCE) throw error;
      waited += 1;
      Bun.sleepSync(1);
    }
  }
}

function isFullPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
