/** Times in zones whose clock is set back. */
import { expect, test } from "bun:test";
import { slotTime } from "../../src/cron/left-slots.ts";
import { offsetOfTwice } from "../../src/values/time-zone.ts";

test.each([
  ["2026-10-25T00:30Z", "+02:00", "2026-10-25 02:30:00 +02:00"],
  ["2026-10-25T01:30Z", "+01:00", "2026-10-25 02:30:00 +01:00"],
  ["2026-10-25T02:00Z", null, "2026-10-25 03:00:00"],
  ["2026-03-29T01:30Z", null, "2026-03-29 03:30:00"],
])("%s has the offset %s beside it in Berlin", (time, offset, words) => {
  expect(offsetOfTwice(Date.parse(time), "Europe/Berlin")).toBe(offset);
  expect(slotTime(Date.parse(time), "Europe/Berlin")).toBe(words);
});
