/** Writes to standard error and standard output without waiting for ever for a reader that reads nothing. */
import { monotonicNow, wallNow } from "../clock.ts";
import { constants, fstatSync, openSync, writeSync } from "node:fs";
import { processField } from "../process-stat.ts";
import { isTerminal } from "./terminal.ts";
import { takesBytes } from "./poll.ts";

/** Standard output or standard error, shared by all threads of the process. */
export interface StandardStream {
  readonly fd: number;
  /** A write may block: the thread asks the system first whether the stream takes bytes. */
  readonly blocks: boolean;
  /** Two values, at the indexes `TORN` and `WRITE_BEGAN`. */
  readonly state: Int32Array;
}

/** The index of a flag: 1 when the last write of any thread ended in the middle of a line. */
const TORN = 0;

/** The index of a time: when a thread began its write to a stream that may block; 0: none writes. */
const WRITE_BEGAN = 1;

const opened = new Map<1 | 2, StandardStream>();

/**
 * Standard error, for the main thread, which passes it to its threads. A pipe, or a terminal (Ctrl-S stops one), is opened once
 * more: so this descriptor does not block, and that of the programs that share it stays as it is. Where the system
 * cannot do that, as for a socket or another user's pipe, the descriptor is the program's own.
 */
export function standardError(): StandardStream {
  return standardStream(2);
}

/** Standard output, like `standardError`; the same stream where both go to one place, so that no line is torn by the other. */
export function standardOutput(): StandardStream {
  return !opened.has(1) && isOnePlace() ? standardError() : standardStream(1);
}

/** Both streams write to this descriptor: those of a program without a terminal may lead nowhere. */
export function writeStandardStreamsTo(fd: number): void {
  const stream = onDescriptor(fd);
  opened.set(1, stream);
  opened.set(2, stream);
}

function isOnePlace(): boolean {
  try {
    const [output, error] = [fstatSync(1), fstatSync(2)];
    // Other systems give pipes and sockets the number 0.
    return output.ino !== 0 && output.ino === error.ino && output.dev === error.dev;
  } catch {
    return false; // one is closed
  }
}

function standardStream(fd: 1 | 2): StandardStream {
  const known = opened.get(fd);
  if (known) return known;
  const own = reopen(fd);
  const stream = onDescriptor(own ?? fd, own === null);
  opened.set(fd, stream);
  return stream;
}

export function onDescriptor(fd: number, blocks = false): StandardStream {
  const buffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  return { fd, blocks, state: new Int32Array(buffer) };
}

/** @returns a descriptor that does not block; null where the system gives none */
function reopen(fd: 1 | 2): number | null {
  try {
    const stat = fstatSync(fd);
    if (stat.isSocket()) return null;
    if (isTerminal(fd)) return openFirst(`/proc/self/fd/${fd}`, ownTerminal(stat.rdev));
    return stat.isFIFO() ? openFirst(`/proc/self/fd/${fd}`) : fd; // writes to files and other devices do not block
  } catch {
    return null; // closed, or not Linux
  }
}

const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;

function openFirst(...paths: (string | null)[]): number | null {
  for (const path of paths) {
    try {
      if (path !== null) return openSync(path, O_WRONLY | O_NONBLOCK | O_NOCTTY);
    } catch {
      // another user's
    }
  }
  return null;
}

/** The name by which a process may open its own terminal, whichever user has it. @param device the terminal's */
function ownTerminal(device: number): string | null {
  return processField("self", "terminal") === String(device) ? "/dev/tty" : null;
}

/** The most bytes that a pipe takes in one piece, on Linux: PIPE_BUF of `man 7 pipe`. */
const PIPE_BUF_BYTES = 4_096;

/** The longest wait for a full pipe. */
const PATIENCE_MS = 1_000;

/** The share of its time that a thread waits, in the long run, for a pipe that is read slowly. */
const PATIENCE_SHARE = 0.2;

const TIME = { now: monotonicNow, sleep: (ms: number) => Bun.sleepSync(ms) };

/** The patience that is left; it grows back as time passes. */
let leftMs = PATIENCE_MS;
let refilledAt = 0;

/** False once the patience is used up: then it has not waited. */
function waitALittle({ now, sleep }: typeof TIME): boolean {
  const began = now();
  leftMs = Math.min(PATIENCE_MS, leftMs + Math.max(began - refilledAt, 0) * PATIENCE_SHARE);
  refilledAt = began;
  if (leftMs < 1) return false;
  sleep(1);
  leftMs -= now() - began;
  return true;
}

/** Says that a stream did not take a text to its end. */
export class UnwrittenError extends Error {
  /** The lines that are lost, with the one of which a part was written. */
  readonly lines: number;

  constructor(rest: Buffer, cause: unknown) {
    super(`Cannot write to a standard stream: ${String(cause)}`, { cause });
    this.lines = rest.reduce((count, byte) => (byte === NEW_LINE ? count + 1 : count), 0);
  }
}

const NEW_LINE = 10;

/**
 * Writes lines, behind a new line where another write ended inside one.
 *
 * @throws UnwrittenError
 */
export function writeLines(text: string, stream = standardError(), time = TIME): void {
  writeText(stream.state[TORN] === 1 ? `\n${text}` : text, stream, time);
}

/**
 * Writes all of the text in pieces of whole lines, small enough that other writers to the same pipe cannot split a line.
 * A line longer than such a piece can be split.
 *
 * @throws UnwrittenError when a pipe is full for too long, or the text cannot be written.
 */
export function writeText(text: string | Uint8Array, stream: StandardStream, time = TIME): void {
  let rest = Buffer.from(text as string);
  while (rest.length > 0) {
    try {
      const written = writePiece(rest, stream);
      if (written > 0) stream.state[TORN] = rest[written - 1] === NEW_LINE ? 0 : 1;
      rest = rest.subarray(written);
    } catch (error) {
      if (!isFull(error) || !waitALittle(time)) throw new UnwrittenError(rest, error);
    }
  }
}

function writePiece(rest: Buffer, { fd, blocks, state }: StandardStream): number {
  // As many whole lines as fit into one piece, else one longer line, else what there is: `||` takes the 0 of -1 + 1.
  const wholeLinesEnd = rest.lastIndexOf("\n", PIPE_BUF_BYTES - 1) + 1 || rest.indexOf("\n") + 1;
  const length = wholeLinesEnd || rest.length;
  if (!blocks) return writeSync(fd, rest, 0, length);
  if (!beginWriting(state)) throw new FullError();
  try {
    if (!takesBytes(fd)) throw new FullError();
    return writeSync(fd, rest, 0, Math.min(length, PIPE_BUF_BYTES));
  } finally {
    Atomics.store(state, WRITE_BEGAN, 0);
  }
}

/** A thread that was ended inside its write is waited for this long. */
const WRITE_LIMIT_MS = 1_000;

/** False while another thread writes: two that both find the last room of a pipe would block in it. */
function beginWriting(state: Int32Array): boolean {
  const now = (wallNow() % 2 ** 31) | 1; // an Int32 that is never 0
  const began = Atomics.load(state, WRITE_BEGAN);
  if (began !== 0 && Math.abs(now - began) < WRITE_LIMIT_MS) return false;
  return Atomics.compareExchange(state, WRITE_BEGAN, began, now) === began;
}

/** The stream takes nothing at this moment, or another thread writes: it is tried again. */
class FullError extends Error {
  readonly code = "EAGAIN";

  constructor() {
    super("EAGAIN: it is full");
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
