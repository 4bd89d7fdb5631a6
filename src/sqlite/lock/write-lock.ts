/** Waits for SQLite's write lock while another process has it: turns are known within a process only. */
import { monotonicNow, sleep } from "../../clock.ts";
import { type WriteRequest, PAUSE_MS } from "./write-request.ts";
import { isBusy } from "../errors.ts";
import type { Soon } from "../../soon.ts";

/** The ms between two tries. */
const RETRY_MS = 1;

export interface WriteLockOptions {
  readonly request: WriteRequest;
  /** The ms to wait. */
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
   * Runs a statement that takes the lock, again and again while another process has it. Pauses first when another
   * process has asked for it.
   *
   * @param check called after each wait that does not block; throws when the caller does not want the lock any more.
   * @throws SQLite's "busy" error after the timeout, and any other error at once.
   */
  take<T>(statement: () => T, check: () => void): Soon<T> {
    const { blocking, request } = this.#options;
    if (blocking) return this.takeBlocking(statement);
    const until = this.#until();
    if (request.isPending()) return this.#takeLater(statement, check, until, PAUSE_MS);
    const done = this.#try(statement, until);
    return done ? done.value : this.#takeLater(statement, check, until, RETRY_MS);
  }

  /** Blocks while it waits: for a thread that has nothing else to do. */
  takeBlocking<T>(statement: () => T): T {
    if (this.#options.request.isPending()) Bun.sleepSync(PAUSE_MS);
    const until = this.#until();
    for (;;) {
      const done = this.#try(statement, until);
      if (done) return done.value;
      Bun.sleepSync(RETRY_MS);
    }
  }

  async #takeLater<T>(
    statement: () => T,
    check: () => void,
    until: number,
    firstWait: number,
  ): Promise<T> {
    for (let wait = firstWait; ; wait = RETRY_MS + Math.random()) {
      await sleep(wait);
      check();
      const done = this.#try(statement, until);
      if (done) return done.value;
    }
  }

  /** Uses the real time, which sleeping takes, whatever clock a test has. */
  #until(): number {
    return monotonicNow() + this.#options.timeout;
  }

  /** Runs the statement; null when another process has the lock, and there is time to try again. */
  #try<T>(statement: () => T, until: number): { readonly value: T } | null {
    const { request } = this.#options;
    try {
      const value = statement();
      request.withdraw();
      return { value };
    } catch (error) {
      if (isBusy(error) && monotonicNow() < until) {
        request.post();
        return null;
      }
      request.withdraw();
      throw error;
    }
  }
}
