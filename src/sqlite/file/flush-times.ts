/** How long the flushes of a thread took, until a commit of that thread takes them along into the database. */
import { Histogram } from "../../statistics/histogram.ts";
import { MINUTE_MS } from "../../values/duration.ts";

export class FlushTimes {
  #times = new Histogram();
  #takenAt = -Infinity;

  add(ms: number): void {
    this.#times.add(ms);
  }

  /**
   * Call it in a transaction that writes anyway, and add the times there: once a minute.
   *
   * @param now of a clock that only grows.
   * @returns null: nothing is due.
   */
  take(now: number): Histogram | null {
    const times = this.#times;
    if (times.count === 0 || now - this.#takenAt < MINUTE_MS) return null;
    this.#times = new Histogram();
    this.#takenAt = now;
    return times;
  }
}
