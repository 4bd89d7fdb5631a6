/**
 * The clock of the store and of the log; tests pass one of their own. The store's `now()` dates all that tq stores,
 * but for tasks pushed by SQL, which SQLite dates. Other code asks the system only for what is never stored:
 * `performance.now()` measures waits, and `Date.now()` is compared with times of the system, such as a file's.
 */
export interface Clock {
  /** Wall clock: milliseconds since 1970-01-01 UTC, an integer. It may jump. */
  now(): number;
  /** Monotonic clock: milliseconds since some fixed moment, with fractions. It never goes back. */
  monotonic(): number;
  /**
   * Calls back once so many ms have passed, also where they pass by a move of the clock. Without it a timer of the system
   * does.
   *
   * @returns a function that calls it off.
   */
  after?(ms: number, then: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
