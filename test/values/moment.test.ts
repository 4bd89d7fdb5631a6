/** Points in time: ISO 8601 with a zone, or without one in the local time of the machine. */
import { afterEach, describe, expect, test } from "bun:test";
import {
  isTimeOfDay,
  looksLikeMoment,
  momentOf,
  lastTimeOfDay,
  nextTimeOfDay,
  parseMoment,
} from "../../src/values/moment.ts";
import { sentenceOf } from "../support/error.ts";

const before = process.env["TZ"];

afterEach(() => {
  if (before === undefined) delete process.env["TZ"];
  else process.env["TZ"] = before;
});

function read(text: string, zone = "Europe/Berlin"): string {
  process.env["TZ"] = zone;
  return new Date(parseMoment(text, "at")).toISOString();
}

describe("a point in time", () => {
  test.each([
    ["2026-12-01T07:00Z", "2026-12-01T07:00:00.000Z"],
    ["2026-12-01t07:00z", "2026-12-01T07:00:00.000Z"],
    ["2026-12-01T07:00:30.5+02:00", "2026-12-01T05:00:30.500Z"],
    ["2026-12-01T07:00-0530", "2026-12-01T12:30:00.000Z"],
    ["2026-12-01T07:00[America/New_York]", "2026-12-01T12:00:00.000Z"],
    ["2026-12-01T07:00", "2026-12-01T06:00:00.000Z"],
    ["2026-07-01 07:00:01", "2026-07-01T05:00:01.000Z"],
    ["2026-12-01", "2026-11-30T23:00:00.000Z"],
    ["+002026-12-01", "2026-11-30T23:00:00.000Z"],
    ["+275760-09-13T00:00Z", "+275760-09-13T00:00:00.000Z"],
  ])("%s is %s in Berlin", (text, instant) => {
    expect(looksLikeMoment(text)).toBe(true);
    expect(read(text)).toBe(instant);
  });

  test.each([
    "2026-02-30",
    "2026-02-29T07:00Z",
    "2026-13-01T07:00",
    "2026-12-01T25:00",
    "2026-12-01T07:00+25:00",
    "2026-12-01T07:00 Berlin",
    "2026-12-01Z",
    "+275760-09-14T00:00Z",
    "2026-12-01T07:00[Mars/Olympus]",
    `2026-12-${"0".repeat(100_000)}`,
  ])("is refused as %.40s", async (text) => {
    const sentence = await sentenceOf(() => read(text));
    expect(sentence).toStartWith('at: "');
    expect(sentence).toContain("is not a point in time; write it like 2026-12-01T07:00Z");
    expect(sentence.length).toBeLessThan(300);
  });

  test("that does not exist, or comes twice, is refused with the times to choose from", async () => {
    expect(await sentenceOf(() => read("2026-03-29T02:30"))).toBe(
      'at: "2026-03-29T02:30" does not exist in Europe/Berlin, as the clock is set forward; the times beside it are 2026-03-29T01:30:00+01:00 and 2026-03-29T03:30:00+02:00',
    );
    expect(await sentenceOf(() => read("2026-10-25T02:30"))).toBe(
      'at: "2026-10-25T02:30" comes twice in Europe/Berlin, as the clock is set back; say which: 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00',
    );
    expect(read("2026-10-25T02:30+01:00")).toBe("2026-10-25T01:30:00.000Z");
  });

  test.each([
    ":Europe/Berlin",
    "/usr/share/zoneinfo/Europe/Berlin",
    ":/usr/share/zoneinfo/Europe/Berlin",
  ])("is local time where TZ is %s", (zone) => {
    expect(read("2026-12-01T07:00", zone)).toBe("2026-12-01T06:00:00.000Z");
  });

  test.each([":/etc/my-zone", "CET-1CEST,M3.5.0,M10.5.0/3"])(
    "needs a zone where TZ is %s, which would be taken for UTC",
    async (zone) => {
      expect(await sentenceOf(() => read("2026-12-01T07:00", zone))).toContain(
        `TZ is ${JSON.stringify(zone)}, which is not the name of one; write Z or an offset at its end`,
      );
      expect(read("2026-12-01T07:00Z", zone)).toBe("2026-12-01T07:00:00.000Z");
    },
  );

  test("may be an Instant, a ZonedDateTime, a PlainDateTime or a Date", () => {
    process.env["TZ"] = "Europe/Berlin";
    const instant = Temporal.Instant.from("2026-12-01T06:00Z");
    const ms = instant.epochMilliseconds;
    expect(momentOf(instant, "at")).toBe(ms);
    expect(momentOf(instant.toZonedDateTimeISO("Asia/Tokyo"), "at")).toBe(ms);
    expect(momentOf(Temporal.PlainDateTime.from("2026-12-01T07:00"), "at")).toBe(ms);
    expect(momentOf(new Date(ms), "at")).toBe(ms);
    expect(() => momentOf(new Date(Number.NaN), "at")).toThrow("at: the Date is not a valid one");
    for (const other of ["PT5M", "5m", 7, null, undefined, { minutes: 5 }]) {
      expect(momentOf(other, "at")).toBeUndefined();
    }
  });
});

describe("a time of day", () => {
  const NOW = Date.parse("2026-12-01T12:00Z"); // 13:00 in Berlin

  test.each([
    ["19:30", "2026-12-01T18:30:00.000Z"],
    ["7:05", "2026-12-02T06:05:00.000Z"],
    ["13:00", "2026-12-02T12:00:00.000Z"],
    ["00:00", "2026-12-01T23:00:00.000Z"],
  ])("%s is the next one that the local clock shows", (text, instant) => {
    process.env["TZ"] = "Europe/Berlin";
    expect(isTimeOfDay(text)).toBe(true);
    expect(new Date(nextTimeOfDay(text, "at", NOW)).toISOString()).toBe(instant);
  });

  test.each([
    ["19:30", "2026-11-30T18:30:00.000Z"],
    ["7:05", "2026-12-01T06:05:00.000Z"],
    ["13:00", "2026-12-01T12:00:00.000Z"],
  ])("%s that has passed is the last one that the local clock showed", (text, instant) => {
    process.env["TZ"] = "Europe/Berlin";
    expect(new Date(lastTimeOfDay(text, "at", NOW)).toISOString()).toBe(instant);
  });

  test("25:99 is refused", async () => {
    expect(await sentenceOf(() => nextTimeOfDay("25:99", "at", NOW))).toContain(
      "not a point in time",
    );
  });
});
