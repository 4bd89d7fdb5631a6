/**
 * Adds what Bun.cron leaves out where a clock goes forward by other than an hour: it moves the first slot of the gap by the
 * length of that, and takes times that exist before it for done.
 */
import type { Schedule } from "./schedule.ts";

type Next = Schedule["next"];

/** Bun.cron moves slots by less than this. */
const NEAR_MS = 6 * 3_600_000;

/**
 * @param next the slots that Bun.cron finds in the zone
 * @param plain those that it finds in UTC, for the same times of day
 */
export function withGaps(next: Next, plain: Next, zone: string): Next {
  /** No change of the clock lies in this span. */
  let quiet = { from: Infinity, until: -Infinity };
  return (after) => {
    const found = next(after);
    if (found === null || (after - NEAR_MS >= quiet.from && found < quiet.until)) return found;
    for (let from = after - NEAR_MS; ;) {
      const change = zoned(from, zone).getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity;
      if (change > found) {
        if (from === after - NEAR_MS) quiet = { from, until: change };
        return found;
      }
      const left = leftOut(plain, zone, change, after);
      if (left !== null && left < found) return left;
      from = change;
    }
  };
}

/** The first slot after a clock has gone forward, and after a time. */
function leftOut(plain: Next, zone: string, change: number, after: number): number | null {
  const offset = offsetAt(change, zone);
  if (offset <= offsetAt(change - 1, zone)) return null;
  const slot = plain(Math.max(change - 1, after) + offset);
  return slot !== null && slot < change + offset + NEAR_MS ? slot - offset : null;
}

function offsetAt(ms: number, zone: string): number {
  return zoned(ms, zone).offsetNanoseconds / 1e6;
}

function zoned(ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
}
