/** Where the words go: standard output for what was asked, standard error for the rest. */
import { fstatSync, writeSync } from "node:fs";
import { TqError } from "../../src/errors.ts";
import { wantsColour } from "../../src/log/log.ts";
import { isTerminal } from "../../src/log/terminal.ts";

export interface Terminal {
  /** Columns; null when what is written is not read on a terminal, and nothing is cut. */
  readonly width: number | null;
  readonly colour: boolean;
}

interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Standard output. */
export function outputTerminal(): Terminal {
  return terminalOf(isTerminal(1) ? process.stdout : {}, process.env);
}

/** True when standard error is a terminal that takes colours. */
export function errorColour(): boolean {
  return wantsColour(isTerminal(2), process.env);
}

/** NO_COLOR: https://no-color.org (set and not empty). */
export function terminalOf(
  stream: Stream,
  env: Readonly<Record<string, string | undefined>>,
): Terminal {
  if (!stream.isTTY) return { width: null, colour: false };
  return { width: stream.columns || 80, colour: wantsColour(true, env) };
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

/** Coloured where the terminal takes it. */
export function paint({ colour }: Terminal, style: Style, text: string): string {
  return colour ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
}

/** Kept, so that `divertConsole` does not reach it. */
const write = console.log.bind(console);

/**
 * A reader that has gone (`tq list | head -1`) is no error: what nobody reads is dropped. A file that is cut short is.
 *
 * @throws TqError "full" when a file does not take all of it.
 */
export function print(text: string): void {
  if (!isFile()) return write(text);
  try {
    let rest = Buffer.from(`${text}\n`);
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
  } catch (error) {
    throw new TqError(
      "full",
      `Cannot write the answer: ${(error as Error).message}; what was asked for has been done`,
      { cause: error },
    );
  }
}

/** True where standard output takes a text at once or not at all: it is neither a pipe nor a terminal. */
function isFile(): boolean {
  try {
    const stat = fstatSync(1);
    return stat.isFile() || (stat.isCharacterDevice() && !isTerminal(1));
  } catch {
    return false; // it is closed
  }
}

export function note(text: string): void {
  console.error(text);
}

/** From here on what user code prints goes to standard error: standard output is for the answer. */
export function divertConsole(): void {
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error });
}
