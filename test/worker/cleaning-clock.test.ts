import { expect, test } from "bun:test";
import { CleaningClock } from "../../src/worker/cleaning-clock.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;
const START = Date.parse("2026-11-23T12:00:00Z");

/** A machine whose clock the test sets. */
function machine() {
  let [wall, monotonic] = [START, 1_000];
  const clock = new CleaningClock({ now: () => wall, monotonic: () => monotonic });
  return {
    pass(ms: number) {
      wall += ms;
      monotonic += ms;
    },
    set(ms: number) {
      wall += ms;
    },
    /** What it says, in ms since the start. */
    says: () => clock.now() - START,
  };
}

test("the clock of the cleaning goes with the wall clock, also when that is corrected a little", () => {
  const it = machine();
  it.pass(HOUR);
  expect(it.says()).toBe(HOUR);
  for (let hour = 0; hour < 100; hour++) {
    it.pass(HOUR);
    it.set(MINUTE / 2);
    expect(it.says()).toBe((hour + 2) * HOUR + ((hour + 1) * MINUTE) / 2);
  }
});

test("a year forward is not believed for a day, and then it is", () => {
  const it = machine();
  it.set(YEAR);
  for (let hour = 0; hour < 24; hour++) {
    expect(it.says()).toBe(hour * HOUR);
    it.pass(HOUR);
  }
  expect(it.says()).toBe(YEAR + 24 * HOUR);
});

test("a year forward and back changes nothing", () => {
  const it = machine();
  it.set(YEAR);
  it.says();
  it.pass(HOUR);
  it.says();
  it.set(-YEAR);
  for (let hour = 1; hour < 40; hour++) {
    expect(it.says()).toBe(hour * HOUR);
    it.pass(HOUR);
  }
});

test("back is believed at once: no later than the wall clock", () => {
  const it = machine();
  it.set(-YEAR);
  expect(it.says()).toBe(-YEAR);
  it.pass(HOUR);
  expect(it.says()).toBe(-YEAR + HOUR);
});
