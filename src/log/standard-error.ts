/** Writes the log to standard error in whole lines, without waiting for ever for a pipe that is not read. */
import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { isTerminal } from "./terminal.ts";

/** Standard error, shared by all threads of the process. */
export interface StandardError {
  readonly fd: number;
  /** 1 when the last write of any thread ended in the middle of a line. */
  readonly torn: Int32Array;
}

let opened: StandardError | null = null;

/**
 * Standard error, for the main thread, which passes it to its threads. A pipe, or a terminal (Ctrl-S stops one), is opened once
 * more: so this descriptor does not block, and that of the programs that share it stays as it is. Where the system
 * cannot do that, the descriptor is 2.
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

/** The most bytes that a pipe takes in one piece, on Linux: PIPE_BUF of `man 7 pipe`. */
const PIPE_BUF_BYTES = 4_096;

/** The longest wait for a full pipe. */
const PATIENCE_MS = 1_000;

/** The share of its time that a thread waits, in the long run, for a pipe that is read slowly. */
const PATIENCE_SHARE = 0.2;

const TIME = { now: () => performance.now(), sleep: (ms: number) => Bun.sleepSync(ms) };

/** The patience that is left; it grows back as time passes. */
let leftMs = PATIENCE_MS;
let refilledAt = 0;

function waitALittle({ now, sleep }: typeof TIME): boolean {
  const began = now();
  leftMs = Math.min(PATIENCE_MS, leftMs + Math.max(began - refilledAt, 0) * PATIENCE_SHARE);
  refilledAt = began;
  if (leftMs < 1) return false;
  sleep(1);
  leftMs -= now() - began;
  return true;
}

/** Says that standard error did not take a text to its end. */
export class UnwrittenError extends Error {
  /** The lines that are lost, with the one of which a part was written. */
  readonly lines: number;

  constructor(rest: Buffer, cause: unknown) {
    super(`Cannot write the log: ${String(cause)}`, { cause });
    this.lines = rest.reduce((count, byte) => (byte === NEW_LINE ? count + 1 : count), 0);
  }
}

const NEW_LINE = 10;

/**
 * Writes all of the text in pieces of whole lines, small enough that other writers to the same pipe cannot split a line.
 * A line longer than such a piece can be split.
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
    const wholeLinesEnd = rest.lastIndexOf("\n", PIPE_BUF_BYTES - 1) + 1 || rest.indexOf("\n") + 1;
    try {
      const written = writeSync(fd, rest, 0, wholeLinesEnd || rest.length);
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
