/** The clock of a test queue: it stands still until the test moves it. */
import { bindMethods } from "../bound-methods.ts";
import { type Clock, clearTimeout, monotonicNow, setTimeout, wallNow } from "../clock.ts";
import { TqError } from "../errors.ts";
import { inspected, quote } from "../quote.ts";
import { type Duration, formatDuration, toMilliseconds } from "../values/duration.ts";
import { type MomentLike, momentOf } from "../values/moment.ts";

/** A Date reaches this far: ms since 1970 UTC. */
const LATEST_MS = 8_640_000_000_000_000;

interface Timer {
  /** ms since 1970 UTC. */
  readonly at: number;
  readonly ring: () => void;
}

/**
 * Dates all that the queue stores. It begins at the present time, and stands still until the test moves it. The timers
 * of JavaScript, `Date.now()` and the date of SQL do not follow it; the timeout of a wait for a task does.
 */
export interface TestClock {
  /** ms since 1970-01-01 UTC. */
  now(this: void): number;
  /**
   * Moves the clock forward: scheduled tasks and retries come due. `drain` then runs them.
   *
   * @throws TqError "invalid" for what is no length of time, or a negative one.
   * @example queue.clock.advance("1h30m");
   */
  advance(this: void, by: Duration): void;
  /**
   * Sets the clock, forward or back.
   *
   * @example queue.clock.set("2026-12-24T18:00Z");
   */
  set(this: void, to: MomentLike): void;
}

export class MovedClock implements Clock, TestClock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(start: unknown) {
    this.#now =
      start === undefined ? wallNow() : readMoment(start, "Cannot make a test queue: now");
  }

  now(): number {
    return this.#now;
  }

  /** Waits of the engine pass in real time. */
  monotonic(): number {
    return monotonicNow();
  }

  advance(by: Duration): void {
    const ms = toMilliseconds(by, "Cannot advance the clock: the length of time");
    if (ms < 0) {
      const back = formatDuration(-ms);
      throw new TqError(
        "invalid",
        `Cannot advance the clock by ${quote(by)}, which is ${back} back: set it with clock.set(…)`,
      );
    }
    this.#set(this.#now + ms, quote(by));
  }

  set(to: MomentLike): void {
    this.#set(readMoment(to, "Cannot set the clock: the time"), quote(to));
  }

  /** Calls back when so many ms have passed, in real time or by a move of the clock. */
  after(ms: number, then: () => void): () => void {
    const ring = () => {
      callOff();
      then();
    };
    const timer = { at: this.#now + ms, ring };
    const real = setTimeout(ring, ms);
    const callOff = () => {
      clearTimeout(real);
      this.#timers.delete(timer);
    };
    this.#timers.add(timer);
    return callOff;
  }

  /** Sets it to ms since 1970 UTC, unless that would be back. */
  moveTo(ms: number): void {
    if (ms > this.#now) this.#move(ms);
  }

  #move(ms: number): void {
    this.#now = ms;
    for (const { at, ring } of this.#timers) if (at <= ms) ring();
  }

  #set(ms: number, given: string): void {
    if (ms < 0 || ms > LATEST_MS) {
      throw new TqError("invalid", `Cannot set the clock by ${given}: tq knows times from 1970 on`);
    }
    this.#move(ms);
  }
}

bindMethods(MovedClock, "now", "advance", "set");

function readMoment(value: unknown, what: string): number {
  const ms = momentOf(value, what);
  if (ms !== undefined) return ms;
  const example = 'write it like "2026-12-01T07:00Z", or give a Date';
  throw new TqError("invalid", `${what} cannot be ${inspected(value)}: ${example}`);
}
