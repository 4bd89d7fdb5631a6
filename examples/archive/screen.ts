/** Prints for people: a progress bar on a terminal, plain lines elsewhere. */
import { showPath } from "./models.ts";

const stream = process.stdout;
const isTerminal = stream.isTTY && process.env["TERM"] !== "dumb";
const colour = isTerminal && !process.env["NO_COLOR"];

/** Columns of the terminal; other output is not cut. */
const width = (): number => (isTerminal ? stream.columns || 80 : Infinity);

export function bold(text: string): string {
  return colour ? `\u001b[1m${text}\u001b[22m` : text;
}

/** Prints a line. `console.log` does not throw when the reader has ended, as `head` does. */
export function line(text = ""): void {
  console.log(text);
}

/** Cuts a text to the width of the terminal, less an indent. */
export function cut(text: string, indent: number): string {
  return isTerminal ? Bun.sliceAnsi(text, 0, width() - indent, "…") : text;
}

/** A path relative to the archived folder. A long one loses its beginning, as its end says more. */
export function shortPath(path: Uint8Array, root: string, indent: number): string {
  const text = showPath(path)
    .slice(showPath(Buffer.from(root)).length)
    .replace(/^\//, "");
  const room = width() - indent;
  const columns = Bun.stringWidth(text);
  return columns <= room ? text : `…${Bun.sliceAnsi(text, columns - room + 1)}`;
}

export const number = (value: number): string => Math.round(value).toLocaleString("en");

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;

export function size(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) bytes /= 1000;
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}

/** `3 files, 1 folder`. */
export function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Shows the progress: redrawn on a terminal, elsewhere as a line every two seconds. */
export class Progress implements Disposable {
  readonly #total: number;
  readonly #started = performance.now();
  #lastLine = performance.now();

  constructor(total: number) {
    this.#total = total;
    if (isTerminal) stream.write("\u001b[?25l"); // hides the cursor
  }

  show(done: number): void {
    const now = performance.now();
    const rate = done / ((now - this.#started) / 1000);
    const left = rate > 0 ? `, ${Math.ceil((this.#total - done) / rate)} s left` : "";
    const words = `${number(done)} of ${count(this.#total, "file")}, ${number(rate)} a second${left}`;
    if (isTerminal) {
      stream.write(`\r\u001b[K${cut(`${bar(done / this.#total)} ${words}`, 1)}`);
    } else if (now - this.#lastLine >= LINE_INTERVAL_MS) {
      this.#lastLine = now;
      line(words);
    }
  }

  [Symbol.dispose](): void {
    if (isTerminal) stream.write("\r\u001b[K\u001b[?25h");
  }
}

const LINE_INTERVAL_MS = 2000;

function bar(part: number): string {
  const cells = Math.min(30, Math.floor(width() / 3));
  const full = Math.round(Math.min(1, part) * cells);
  return "█".repeat(full) + "░".repeat(cells - full);
}
