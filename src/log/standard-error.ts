/** Standard error as the log is written to it: whole lines, and nobody is held up for ever by a pipe that is not read. */
import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { isTerminal } from "./terminal.ts";

/** Where to write, for all threads of the process. */
export interface StandardError {
  readonly fd: number;
  /** 1 where the last write ended in the middle of a line, whoever it was. */
  readonly torn: Int32Array;
}

let opened: StandardError | null = null;

/**
 * What to write to, the same for all threads of the process. A pipe is opened anew, and a terminal, which
 * Ctrl-S stops: so ours does not block and that of whoever shares it stays as it is. Where the system cannot do that it
 * is 2.
 */
export function standardError(): StandardError {
  return (opened ??= onDescriptor(open()));
}

export function onDescriptor(fd: number): StandardError {
  return { fd, torn: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) };
}

function open(): number {
  try {
    if (!fstatSync(2).isFIFO() && !isTerminal(2)) return 2;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return 2; // closed, another user's, or not Linux
  }
}

/** Up to so many bytes get into a pipe together: PIPE_BUF of `man 7 pipe`, on Linux. */
const TOGETHER = 4_096;

/** A full pipe is waited for so long at once: ms. In the long run, also for one that is read slowly, for a share of the time. */
const PATIENCE = 1_000;
const SHARE = 0.2;

const TIME = { now: () => performance.now(), sleep: (ms: number) => Bun.sleepSync(ms) };

/** What is left of the patience; it grows back as time passes. */
let left = PATIENCE;
let looked = 0;

function waitALittle({ now, sleep }: typeof TIME): boolean {
  const began = now();
  left = Math.min(PATIENCE, left + Math.max(began - looked, 0) * SHARE);
  looked = began;
  if (left < 1) return false;
  sleep(1);
  left -= now() - began;
  return true;
}

/** A text that a pipe did not take to its end. */
export class UnwrittenError extends Error {
  /** Lines that are lost, with the one of which a part was written. */
  readonly lines: number;

  constructor(rest: Buffer, cause: unknown) {
    super(`Cannot write the log: ${String(cause)}`, { cause });
    this.lines = rest.reduce((count, byte) => (byte === NEW_LINE ? count + 1 : count), 0);
  }
}

const NEW_LINE = 10;

/**
 * Writes all of the text, so that no thread or process that writes to the same pipe gets between the halves of a
 * line.
 *
 * @throws UnwrittenError when a pipe is full for too long, or the text cannot be written.
 */
export function writeStandardError(
  text: string,
  { fd, torn }: StandardError = standardError(),
  time = TIME,
): void {
  let rest = Buffer.from(torn[0] === 1 ? `\n${text}` : text);
  while (rest.length > 0) {
    const lines = rest.lastIndexOf("\n", TOGETHER - 1) + 1 || rest.indexOf("\n") + 1;
    try {
      const written = writeSync(fd, rest, 0, lines || rest.length);
      if (written > 0) torn[0] = rest[written - 1] === NEW_LINE ? 0 : 1;
      rest = rest.subarray(written);
    } catch (error) {
      if (!isFullPipe(error) || !waitALittle(time)) throw new UnwrittenError(rest, error);
    }
  }
}

function isFullPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
