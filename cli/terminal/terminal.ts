/** Writes answers to standard output and everything else to standard error. */
import { fstatSync, writeSync } from "node:fs";
import { TqError } from "../../src/errors.ts";
import { wantsColour } from "../../src/log/log.ts";
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

export function outputTerminal(): Terminal {
  return terminalOf(isTerminal(1) ? process.stdout : {}, process.env);
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

/** Bound before `divertConsole` replaces `console.log`, so that answers still go to standard output. */
const write = console.log.bind(console);

/**
 * Prints to standard output. A pipe whose reader has ended (`tq list | head -1`) is no error, an incomplete file is.
 *
 * @throws TqError "full" when a file cannot take the whole text.
 */
export function print(text: string): void {
  if (!isFile()) return write(text);
  try {
    let rest = Buffer.from(`${text}\n`);
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
  } catch (error) {
    throw new TqError(
      "full",
      `Cannot write the answer: ${(error as Error).message}; the command has done its work`,
      { cause: error },
    );
  }
}

/** True for a file or a device such as /dev/full, whose writes can fail; false for a pipe or a terminal. */
function isFile(): boolean {
  try {
    const stat = fstatSync(1);
    return stat.isFile() || (stat.isCharacterDevice() && !isTerminal(1));
  } catch {
    return false; // standard output is closed
  }
}

export function note(text: string): void {
  console.error(text);
}

/** Sends what user code prints to standard error, as standard output is for the answer. */
export function divertConsole(): void {
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error });
}
