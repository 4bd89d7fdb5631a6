/** A clock that goes forward: times that exist then come, however long the gap is. */
import { expect, test } from "bun:test";
import { readSchedule } from "../../src/cron/schedule.ts";
import { slotsBetween } from "../../src/cron/slots.ts";

/** The times of a day in a zone, as its clock shows them. */
function times(text: string, zone: string, date: string): string[] {
  const day = Temporal.PlainDate.from(date).toZonedDateTime(zone);
  const end = day.add({ days: 1 }).epochMilliseconds;
  const slots = slotsBetween(readSchedule(text, zone, text), day.epochMilliseconds, end);
  return slots.map((slot) => {
    const time = Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(zone);
    return time.toPlainTime().toString({ smallestUnit: "minute" });
  });
}

test.each([
  ["28-33 2 * * *", "Australia/Lord_Howe", "2027-10-03", ["02:30", "02:31", "02:32", "02:33"]],
  ["28 2 * * *", "Australia/Lord_Howe", "2027-10-03", ["02:58"]],
  ["15 2,3 * * *", "Antarctica/Troll", "2027-03-28", ["03:15"]],
  ["*/30 2,3 * * *", "Antarctica/Troll", "2027-03-28", ["03:00", "03:30"]],
  ["*/30 2,3 * * *", "Europe/Berlin", "2027-03-28", ["03:00", "03:30"]],
  ["30 2 * * *", "Europe/Berlin", "2027-03-28", ["03:30"]],
])("%j in %s on %s", (text, zone, date, expected) => {
  expect(times(text, zone, date)).toEqual(expected);
});

test("it does not depend on where one looks from", () => {
  const schedule = readSchedule("15 2,3 * * *", "Antarctica/Troll", "it");
  const midnight = Date.UTC(2027, 2, 28);
  const slot = midnight + 75 * 60_000;
  for (let from = midnight; from < slot; from += 60_000) expect(schedule.next(from)).toBe(slot);
});
