/** Questions to a person at a terminal. */
import { readSync } from "node:fs";
import { isTerminal } from "../../src/log/terminal.ts";

/** True where a person can read a question and answer it. */
export function canAsk(): boolean {
  return isTerminal(0) && isTerminal(2);
}

/** Reads the answer to a question. Only `y` and `yes` are consent, whatever their case; the end of the input is none. */
export function isConsent(): boolean {
  return /^y(?:es)?$/i.test(readLine().trim());
}

function readLine(): string {
  const bytes = Buffer.alloc(1);
  let line = "";
  while (readSync(0, bytes) === 1 && bytes[0] !== NEW_LINE) line += bytes.toString("latin1");
  return line;
}

const NEW_LINE = 10;
