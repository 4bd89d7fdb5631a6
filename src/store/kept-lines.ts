/** The lines of one run that are kept: its newest ones, and how much it had said before them. */
import {
  NOTHING_CUT,
  type CutOutput,
  outputLine,
  type OutputLine,
  type RunOutput,
  type TaskProgress,
} from "./task-output.ts";

/** The most bytes of text, as UTF-8, that are kept of one run; the end of each line counts as one. */
const MOST_BYTES = 256_000;

/** The most lines that are kept of one run: each takes some 50 bytes beside its text. */
const MOST_LINES = 10_000;

/** The most characters of one line. */
const LONGEST_LINE = 10_000;

export class KeptLines {
  #lines: string[] = [];
  #sizes: number[] = [];
  #size = 0;
  #cut: CutOutput = NOTHING_CUT;

  /** @returns the line as it is stored. */
  add(line: OutputLine): string {
    const stored = outputLine(line);
    this.#lines.push(stored);
    const size = lineSize(line.text);
    this.#sizes.push(size);
    this.#size += size;
    // Many of them go at once: to drop one at each new line would move all the others each time.
    if (this.#size > 2 * MOST_BYTES || this.#lines.length > 2 * MOST_LINES) this.#trim();
    return stored;
  }

  /** Drops all lines, and counts as much as cut as well: it was said after them. */
  skip(cut: CutOutput): void {
    this.#drop(this.#lines.length);
    this.#cut = { lines: this.#cut.lines + cut.lines, bytes: this.#cut.bytes + cut.bytes };
  }

  /** The text that is stored of them, and of how far the run is. */
  text(progress: TaskProgress | null): string {
    this.#trim();
    const head = this.#cut.lines === 0 ? "" : outputLine({ cut: this.#cut });
    return head + this.#lines.join("") + (progress === null ? "" : outputLine(progress));
  }

  #trim(): void {
    let [dropped, size] = [0, this.#size];
    while (size > MOST_BYTES || this.#lines.length - dropped > MOST_LINES) {
      size -= this.#sizes[dropped++] ?? 0;
    }
    this.#drop(dropped);
  }

  #drop(count: number): void {
    if (count === 0) return;
    const bytes = this.#sizes.slice(0, count).reduce((sum, size) => sum + size, 0);
    this.#lines = this.#lines.slice(count);
    this.#sizes = this.#sizes.slice(count);
    this.#size -= bytes;
    this.#cut = { lines: this.#cut.lines + count, bytes: this.#cut.bytes + bytes };
  }
}

/** The stored text of what the same run has said in several parts, one after another. */
export function joinOutputs(...parts: RunOutput[]): string {
  const kept = new KeptLines();
  let progress: TaskProgress | null = null;
  for (const part of parts) {
    if (part.cut.lines > 0) kept.skip(part.cut);
    for (const line of part.lines) kept.add(line);
    progress = part.progress ?? progress;
  }
  return kept.text(progress);
}

export interface SaidLines {
  readonly lines: readonly string[];
  /** The amount that was said before them in the same text, and is more than can be kept. */
  readonly cut: CutOutput;
}

/** Divides what a task says into lines, each as it is kept. A text of many megabytes is not made into lines to drop them. */
export function linesOf(text: string): SaidLines {
  const said = text.endsWith("\n") ? text.slice(0, -1) : text;
  const start = startOfKept(said);
  const cut = start === 0 ? NOTHING_CUT : measure(said, start);
  return { lines: said.slice(start).split("\n").map(shortened), cut };
}

/** Where the lines begin that can be kept of a text. */
function startOfKept(said: string): number {
  if (said.length <= MOST_BYTES) return 0;
  let [start, size] = [said.length + 1, 0];
  for (let lines = 0; start > 0 && lines < MOST_LINES; lines++) {
    const end = start - 1;
    const begin = end === 0 ? 0 : said.lastIndexOf("\n", end - 1) + 1;
    size += lineSize(shortened(said.slice(begin, end)));
    if (size > MOST_BYTES) break;
    start = begin;
  }
  return start;
}

/** How many lines, and bytes of them, would be kept of a text before this place. */
function measure(said: string, before: number): CutOutput {
  const cut = { lines: 0, bytes: Buffer.byteLength(said.slice(0, before)) };
  for (let begin = 0; begin < before; cut.lines++) {
    const end = said.indexOf("\n", begin);
    if (end - begin > LONGEST_LINE) {
      const line = said.slice(begin, end);
      cut.bytes += Buffer.byteLength(shortened(line)) - Buffer.byteLength(line);
    }
    begin = end + 1;
  }
  return cut;
}

function shortened(line: string): string {
  if (line.length <= LONGEST_LINE) return line.toWellFormed();
  const rest = Buffer.byteLength(line.slice(LONGEST_LINE));
  return `${line.slice(0, LONGEST_LINE).toWellFormed()}… (${rest} more bytes)`;
}

/** The bytes of a line as UTF-8; its end counts as one. */
export function lineSize(line: string): number {
  return Buffer.byteLength(line) + 1;
}
