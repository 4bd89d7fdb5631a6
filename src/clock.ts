/** Where time comes from. Tests pass a clock of their own; nothing else asks the system for the time. */
export interface Clock {
  /** Wall clock: milliseconds since 1970-01-01 UTC, an integer. It may jump. */
  now(): number;
  /** Monotonic clock: milliseconds since some fixed moment, with fractions. It never goes back. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
