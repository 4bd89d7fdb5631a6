/** A schedule explained: its next times, and what changes of the clock do to it in the next year. */
import { bothDaysWords } from "../../cron/both-days.ts";
import { clockChanges, touches } from "../../cron/clock-changes.ts";
import { clockChangeWords, dateOf, timeOf } from "../../cron/clock-words.ts";
import type { Schedule } from "../../cron/schedule.ts";
import { nextSlots } from "../../cron/slots.ts";
import { listed, scheduleWords } from "../../cron/words.ts";

/** How many of the next times are told unless more are asked for. */
export const NEXT_TIMES = 10;

export type Explanation = Awaited<ReturnType<typeof explainSchedule>>;

/** null: it is a schedule alone. */
export type NamedExplanation = Explanation & { readonly name: string | null };

/**
 * @param zone the zone whose clock counts; null: that of this machine
 * @param most how many of its next times
 */
export async function explainSchedule(
  schedule: Schedule,
  zone: string | null,
  now: number,
  most = NEXT_TIMES,
) {
  const local = Temporal.Now.timeZoneId();
  const clock = zone ?? local;
  const changes = clockChanges(schedule, clock, now);
  return {
    schedule: schedule.text,
    words: await scheduleWords(schedule),
    time_zone: zone,
    clock,
    local,
    days: bothDaysWords(schedule),
    next: nextSlots(schedule, now, most).map((slot) => ({ slot, time: timeIn(slot, clock) })),
    clock_changes: changes.map((change) => ({
      at: change.at,
      from: wall(change.from),
      to: wall(change.to),
      touches: touches(change),
      words: clockChangeWords(change),
      lost: change.lost.map(wall),
      moved: change.moved.map(wall),
      first: change.first.map(wall),
      second: change.second.map(wall),
    })),
    interval: schedule.interval,
  };
}

function wall(time: number): string {
  return `${dateOf(time)}T${timeOf(time)}`;
}

function timeIn(slot: number, zone: string): string {
  const time = Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(zone);
  return time.toString({ timeZoneName: "never" });
}

export const INTERVAL_WORDS = "It is counted from 1970 in UTC, and looks at no clock";

/** The fate of its times when the clock changes. */
export function changeSentences({
  clock,
  clock_changes: changes,
  interval,
}: Explanation): string[] {
  if (changes.length === 0) return [`The clock of ${clock} does not change in the next year.`];
  if (interval !== null) return ["The time between its slots stays, whatever a clock shows."];
  const touched = changes.flatMap(({ words }) => words ?? []);
  if (touched.length > 0) return touched.map((words) => `${words}.`);
  const dates = changes.map(({ from }) => from.slice(0, 10));
  return [`Nothing happens to its times on ${listed(dates)}, when the clock changes.`];
}
