/** Writes answers to standard output and everything else to standard error. */
import { readFileSync, writeSync } from "node:fs";
import { TqError } from "../../src/errors.ts";
import { wantsColour } from "../../src/log/log.ts";
import { standardError, writeText } from "../../src/log/standard-stream.ts";
import { isTerminal } from "../../src/log/terminal.ts";

export interface Terminal {
  /** Columns; null when the output is no terminal, and no text is cut. */
  readonly width: number | null;
  readonly colour: boolean;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** The streams of the terminal as they were before `takePrints` replaced them: only these know its width. */
const original: { stdout?: Stream; stderr?: Stream } = {};

/** Call it before `takePrints`. */
export function keepTerminals(): void {
  if (isTerminal(1)) original.stdout ??= process.stdout;
  if (isTerminal(2)) original.stderr ??= process.stderr;
}

export function outputTerminal(): Terminal {
  return terminalOf(isTerminal(1) ? (original.stdout ?? process.stdout) : {}, process.env);
}

export function errorTerminal(): Terminal {
  return terminalOf(isTerminal(2) ? (original.stderr ?? process.stderr) : {}, process.env);
}

/** True when standard error is a terminal that takes colours. */
export function errorColour(): boolean {
  return wantsColour(isTerminal(2), process.env);
}

export function terminalOf(
  stream: Stream,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  const terminal = stream.isTTY === true;
  return { width: terminal ? stream.columns || 80 : null, colour: wantsColour(terminal, env) };
}

export type Style = keyof typeof CODES;

const CODES = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
} as const;

export function paint({ colour }: Terminal, style: Style, text: string): string {
  return colour ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/**
 * Prints to standard output, and returns once all of it is written. A pipe whose reader has ended (`tq list | head -1`)
 * is no error, an incomplete file is.
 *
 * @returns false where the reader has ended.
 * @throws TqError "full" when standard output is closed, or a file cannot take the whole text.
 */
export function print(text: string): boolean {
  return write(`${text}\n`);
}

/** Like `print`, without the end of a line. */
export function write(text: string): boolean {
  try {
    if (wasClosed()) throw new Error("standard output is closed");
    writeAll(Buffer.from(text));
    return true;
  } catch (error) {
    if (codeOf(error) === "EPIPE") return false;
    throw new TqError(
      "full",
      `Cannot write the answer: ${(error as Error).message}; the command has done its work`,
      { cause: error },
    );
  }
}

function writeAll(bytes: Buffer): void {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw error;
      Bun.sleepSync(1); // a full pipe that does not block
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** In /proc/self/fdinfo: the descriptor is closed for programs that this one starts, so none of them has given it. */
const O_CLOEXEC = 0o2_000_000;

/** True when the program was started with a closed standard output: Bun opens /dev/null in its place. */
function wasClosed(): boolean {
  try {
    const [, flags = ""] =
      /^flags:\s*(\d+)/m.exec(readFileSync("/proc/self/fdinfo/1", "utf8")) ?? [];
    return (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
  } catch {
    return false; // not Linux
  }
}

/** Writes a line to standard error, and does not wait for ever for a reader that reads nothing. */
export function note(text: string): void {
  writeError(`${text}\n`);
}

/** @returns false where it cannot be written: no other place is left to say it. */
export function writeError(text: string): boolean {
  try {
    writeText(text, standardError());
    return true;
  } catch {
    return false;
  }
}
