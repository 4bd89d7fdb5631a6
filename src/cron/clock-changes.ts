/**
 * The effects of a change of the clock on a schedule. Nothing here knows a rule: the slots that Bun.cron finds in the zone are
 * compared with those that it finds in UTC for the same times of day, which are those of a day without a change.
 */
import { readSchedule, type Schedule } from "./schedule.ts";
import { slotsBetween } from "./slots.ts";

export interface ClockChange {
  /** ms since 1970 UTC. */
  readonly at: number;
  /** The clock's time at that moment, before the change and after it, as `wallTime` gives it. */
  readonly from: number;
  readonly to: number;
  /** The slots of the schedule that do not exist on that day, in the clock's time. */
  readonly lost: readonly number[];
  /** The slots that come on that day alone, instead of the lost ones. */
  readonly moved: readonly number[];
  /** Of the times that come twice, the slots that come the first time, in the clock's time. */
  readonly first: readonly number[];
  /** Those that come the second time. */
  readonly second: readonly number[];
}

const YEAR_MS = 366 * 86_400_000;
/** Slots that the change moves come this long after it at the latest. */
const NEAR_MS = 3 * 3_600_000;

/** The changes of the next year. @param after ms since 1970 UTC */
export function clockChanges(schedule: Schedule, zone: string, after: number): ClockChange[] {
  return transitions(zone, after, after + YEAR_MS).map((at) => changeAt(schedule, zone, at));
}

/** True where the schedule comes otherwise on the day of the change than on others. */
export function touches({ lost, moved, first, second }: ClockChange): boolean {
  return [lost, moved, first, second].some((slots) => slots.length > 0);
}

/** The time that the clock of a zone shows at a moment, as the ms since 1970 at which a clock in UTC shows the same. */
function wallTime(ms: number, zone: string): number {
  return ms + zoned(ms, zone).offsetNanoseconds / 1e6;
}

function zoned(ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
}

/** The times at which the offset of a zone changes. */
function transitions(zone: string, after: number, until: number): number[] {
  const found: number[] = [];
  let next = zoned(after, zone).getTimeZoneTransition("next");
  while (next !== null && next.epochMilliseconds <= until) {
    found.push(next.epochMilliseconds);
    next = next.getTimeZoneTransition("next");
  }
  return found;
}

function changeAt(schedule: Schedule, zone: string, at: number): ClockChange {
  const from = wallTime(at - 1, zone) + 1;
  const to = wallTime(at, zone);
  const change = { at, from, to, lost: [], moved: [], first: [], second: [] };
  if (schedule.interval !== null) return change; // it does not look at a clock
  const walls = (start: number, end: number) =>
    slotsBetween(schedule, start, end).map((slot) => wallTime(slot, zone));
  if (to < from) {
    const length = from - to;
    return { ...change, first: walls(at - length, at), second: walls(at, at + length) };
  }
  const plain = readSchedule(schedule.text, "UTC", schedule.text);
  const usual = new Set(slotsBetween(plain, to, to + NEAR_MS));
  const lost = slotsBetween(plain, from, to);
  return { ...change, lost, moved: walls(at, at + NEAR_MS).filter((wall) => !usual.has(wall)) };
}
