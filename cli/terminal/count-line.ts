/** Says on standard error how far a command is that goes through many tasks. */
import { isTerminal } from "../../src/log/terminal.ts";
import { writeError } from "./terminal.ts";

const ERASE = "\r\u001b[K";

/** A line that is drawn more often flickers. */
const DRAWN_MS = 100;

/** A command that takes less time says nothing. */
const FIRST_MS = 300;

export interface CountLineOptions {
  /** True where nothing is said. */
  readonly quiet: boolean;
  /** The ms of a clock that only grows. */
  readonly elapsed: () => number;
  /** Default: standard error. */
  readonly to?: { readonly isTerminal: boolean; write(text: string): void };
}

/** A terminal shows the count in its last line, drawn anew; all else gets one line that says what takes so long. */
export class CountLine {
  readonly #elapsed: () => number;
  readonly #to: { readonly isTerminal: boolean; write(text: string): void } | null;
  #next: number;
  #isDrawn = false;

  constructor({ quiet, elapsed, to }: CountLineOptions) {
    this.#elapsed = elapsed;
    this.#to = quiet ? null : (to ?? { isTerminal: isTerminal(2), write: writeError });
    this.#next = elapsed() + FIRST_MS;
  }

  show(words: () => string): void {
    if (this.#to === null || this.#next === Infinity) return;
    const now = this.#elapsed();
    if (now < this.#next) return;
    if (this.#to.isTerminal) {
      this.#next = now + DRAWN_MS;
      this.#isDrawn = true;
      this.#to.write(`${ERASE}tq: ${words()}`);
    } else {
      this.#next = Infinity;
      this.#to.write(`tq: ${words()}\n`);
    }
  }

  /** Shows these words while `look` goes on: it must leave the thread now and then. */
  async during<T>(words: string, look: () => Promise<T>): Promise<T> {
    const timer = setInterval(() => this.show(() => words), DRAWN_MS);
    try {
      return await look();
    } finally {
      clearInterval(timer);
      this.end();
    }
  }

  /** Call it before anything else is printed. */
  end(): void {
    if (this.#isDrawn) this.#to?.write(ERASE);
    this.#isDrawn = false;
  }
}
