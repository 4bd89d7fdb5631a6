/** Waiting for SQLite's write lock while another process has it, which knows nothing of our turns. */
import { type WriteRequest, MOMENT } from "./write-request.ts";
import { isBusy } from "../errors.ts";
import type { Soon } from "../../soon.ts";

export interface WriteLockOptions {
  readonly request: WriteRequest;
  /** How long to wait: ms. */
  readonly timeout: number;
  /** True where waiting may block the whole thread. */
  readonly blocking: boolean;
}

export class WriteLock {
  readonly #options: WriteLockOptions;

  constructor(options: WriteLockOptions) {
    this.#options = options;
  }

  /**
   * Runs a statement that takes the lock: tried until nobody else has it, once those that wait have had theirs.
   *
   * @param check called after each wait; throws where the lock is not wanted any more.
   * @throws what SQLite says: that it is locked, after the timeout.
   */
  take<T>(statement: () => T, check: () => void): Soon<T> {
    if (this.#options.blocking) return this.takeBlocking(statement);
    const until = this.#until();
    if (this.#options.request.isWanted()) return this.#takeLater(statement, check, until, MOMENT);
    const done = this.#try(statement, until);
    return done ? done.value : this.#takeLater(statement, check, until, 1);
  }

  /** The same for a thread that has nothing else to do meanwhile. */
  takeBlocking<T>(statement: () => T): T {
    if (this.#options.request.isWanted()) Bun.sleepSync(MOMENT);
    const until = this.#until();
    for (;;) {
      const done = this.#try(statement, until);
      if (done) return done.value;
      Bun.sleepSync(1);
    }
  }

  async #takeLater<T>(
    statement: () => T,
    check: () => void,
    until: number,
    first: number,
  ): Promise<T> {
    for (let wait = first; ; wait = 1 + Math.random()) {
      await Bun.sleep(wait);
      check();
      const done = this.#try(statement, until);
      if (done) return done.value;
    }
  }

  /** By the real time: that is what sleeping takes, whatever clock a test has. */
  #until(): number {
    return performance.now() + this.#options.timeout;
  }

  /** Null when another process has the lock, and there is time to try again. */
  #try<T>(statement: () => T, until: number): { readonly value: T } | null {
    const { request } = this.#options;
    try {
      const value = statement();
      request.thank();
      return { value };
    } catch (error) {
      if (isBusy(error) && performance.now() < until) {
        request.ask();
        return null;
      }
      request.thank();
      throw error;
    }
  }
}
