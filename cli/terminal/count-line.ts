/** A count in the last line of a terminal, drawn anew while a command goes through many tasks. */
import { isTerminal } from "../../src/log/terminal.ts";
import { writeError } from "./terminal.ts";

const ERASE = "\r\u001b[K";

/** A line that is drawn more often flickers. */
const DRAWN_MS = 100;

/** A short command draws none. */
const FIRST_MS = 300;

export class CountLine {
  readonly #elapsed: () => number;
  readonly #isShown: boolean;
  #next: number;
  #isDrawn = false;

  /** @param elapsed the ms of a clock that only grows. */
  constructor(quiet: boolean, elapsed: () => number) {
    this.#elapsed = elapsed;
    this.#isShown = !quiet && isTerminal(2);
    this.#next = elapsed() + FIRST_MS;
  }

  show(words: () => string): void {
    const now = this.#elapsed();
    if (!this.#isShown || now < this.#next) return;
    this.#next = now + DRAWN_MS;
    this.#isDrawn = true;
    writeError(`${ERASE}tq: ${words()}`);
  }

  /** Call it before anything else is printed. */
  end(): void {
    if (this.#isDrawn) writeError(ERASE);
    this.#isDrawn = false;
  }
}
