/**
 * The clock of the store and of the log; tests pass one of their own. The store's `now()` dates all that tq stores,
 * but for tasks pushed by SQL, which SQLite dates. Other code asks the system only for what is never stored:
 * `monotonicNow()` measures waits, and `wallNow()` is compared with times of the system, such as a file's.
 *
 * What asks the system, and its timers, are taken as tq loads: a task that replaces the global ones, as fake timers do
 * which it leaves behind, changes those of its own code alone.
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

export const { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate } = globalThis;
export const { sleep } = Bun;
export const { now: wallNow } = Date;
export const monotonicNow: () => number = performance.now.bind(performance);

export const systemClock: Clock = { now: wallNow, monotonic: monotonicNow };

/** As `after` of a clock, with any. */
export function callAfter(clock: Clock, ms: number, then: () => void): () => void {
  if (clock.after) return clock.after(ms, then);
  const timer = setTimeout(then, ms);
  return () => clearTimeout(timer);
}

/** The value of the promise; null: it is not there within so many ms. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  const late = Promise.withResolvers<null>();
  const timer = setTimeout(() => late.resolve(null), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after so many ms, or at once when the signal aborts. */
export async function sleepUnless(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
}
