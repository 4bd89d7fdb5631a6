/** How fast tasks come and end now, from the looks themselves: the statistics know a minute only once it is over. */
import { SECOND_MS } from "../../src/values/duration.ts";

export interface Moment {
  /** The ms of a clock that only grows. */
  readonly at: number;
  /** The id of the task that was pushed last. */
  readonly newest: number;
  /** Tasks that have not ended; null: too many to count. */
  readonly open: number | null;
}

export interface Pace {
  /** Tasks a second. */
  readonly came: number;
  /** null: not known. */
  readonly ended: number | null;
  /** The time of these rates: ms. */
  readonly within: number;
}

/** The rates are those of so long a time. */
const SPAN_MS = 10 * SECOND_MS;

/** A shorter time says little. */
const LEAST_MS = 0.9 * SECOND_MS;

export class PaceMeter {
  #moments: readonly Moment[] = [];

  add(moment: Moment): void {
    const isRecent = ({ at }: Moment) => at >= moment.at - SPAN_MS;
    this.#moments = [...this.#moments.filter(isRecent), moment];
  }

  /**
   * Ids grow by one with each push. So of the tasks that came, those that are not among the open ones have ended. What
   * people retry or move by hand meanwhile makes that a little wrong.
   */
  get pace(): Pace | null {
    const [first, last] = [this.#moments[0], this.#moments.at(-1)];
    if (first === undefined || last === undefined) return null;
    const within = last.at - first.at;
    if (within < LEAST_MS) return null;
    const came = Math.max(last.newest - first.newest, 0);
    const aSecond = (count: number) => (count * SECOND_MS) / within;
    const isKnown = first.open !== null && last.open !== null;
    const ended = isKnown ? Math.max(came - (last.open - first.open), 0) : null;
    return { came: aSecond(came), ended: ended === null ? null : aSecond(ended), within };
  }
}
