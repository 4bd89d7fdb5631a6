/** The upkeep of the database: when a worker does it, and what it notes in the log. */
import { afterEach, beforeEach, expect, jest, spyOn, test } from "bun:test";
import type { Event } from "../../src/log/events.ts";
import { MADE_AT } from "../../src/version.ts";
import { Maintenance } from "../../src/worker/maintenance.ts";
import { makeStore, pushOne, type TestStore } from "../support/store.ts";
import { walNote } from "../../src/sqlite/file/vacuum.ts";

const HOUR = 3_600_000;

let subject: TestStore;
let maintenance: Maintenance;
let said: string[];

beforeEach(() => {
  jest.useFakeTimers();
  subject = makeStore();
  subject.clock.advance(MADE_AT + 48 * HOUR - subject.clock.now());
  said = [];
  maintenance = new Maintenance(subject.store, (event: Event) => {
    if (event.name === "log.note") said.push(event.message);
  });
});

afterEach(async () => {
  maintenance.stop();
  jest.useRealTimers();
  await subject[Symbol.asyncDispose]();
});

/** Timers that come due within so long run, and what they have started ends. */
async function pass(ms: number): Promise<void> {
  jest.advanceTimersByTime(ms);
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

test("the file is tidied a minute after the start, then every hour, and soon while there is more", async () => {
  const tidy = spyOn(subject.store, "tidy");
  await pass(59_999);
  expect(tidy).toHaveBeenCalledTimes(0);
  tidy.mockResolvedValueOnce({ more: true, note: null });
  await pass(1);
  await pass(50);
  expect(tidy).toHaveBeenCalledTimes(2);
  await pass(HOUR - 1);
  expect(tidy).toHaveBeenCalledTimes(2);
  await pass(1);
  expect(tidy).toHaveBeenCalledTimes(3);
  expect(said).toEqual([]);
});

test("a database that refuses is said, and tried again in an hour", async () => {
  const { store } = subject;
  const refusal = spyOn(store, "tidy").mockRejectedValueOnce(new Error("the disk is full"));
  await pass(60_000);
  expect(said).toEqual([`Cannot tidy ${store.name} now: the disk is full`]);
  await pass(HOUR);
  expect(refusal).toHaveBeenCalledTimes(2);
  expect(said).toHaveLength(1);
});

test("a write-ahead log that another program lets grow is noted once, and again when it comes back", async () => {
  const { store } = subject;
  const tidy = spyOn(store, "tidy");
  const hour = async (held: number) => {
    tidy.mockResolvedValueOnce({ more: false, note: walNote(store.name, held) });
    await pass(HOUR);
    return said.splice(0);
  };
  const sentence = (megabytes: number) =>
    `The write-ahead log ${store.name}-wal grows: ${megabytes} MB of it cannot be written into the database while another program still reads what was there before; end that program's transaction`;
  expect(await hour(63_000_000)).toEqual([]);
  expect(await hour(70_900_000)).toEqual([sentence(70)]);
  expect(await hour(90_000_000)).toEqual([]);
  expect(await hour(0)).toEqual([]);
  expect(await hour(64_000_000)).toEqual([sentence(64)]);
});

test("the store adapts to its use every ten seconds, also after it could not", async () => {
  const adapt = spyOn(subject.store, "adapt").mockRejectedValueOnce(new Error("it is busy"));
  await pass(9_999);
  expect(adapt).toHaveBeenCalledTimes(0);
  await pass(1);
  await pass(10_000);
  expect(adapt).toHaveBeenCalledTimes(2);
  maintenance.stop();
  await pass(10_000);
  expect(adapt).toHaveBeenCalledTimes(2);
  expect(said).toEqual([]);
});

test("once stopped it does nothing more and says nothing", async () => {
  const tidy = spyOn(subject.store, "tidy");
  spyOn(subject.store, "repairTimes").mockRejectedValueOnce(new Error("it is closed"));
  const repairing = maintenance.repairTimes();
  maintenance.stop();
  await repairing;
  await pass(2 * HOUR);
  expect(tidy).toHaveBeenCalledTimes(0);
  expect(said).toEqual([]);
});

test.each([
  [0, []],
  [1, ["The clock was ahead: 1 task has times in the future; they count as pushed now"]],
  [2, ["The clock was ahead: 2 tasks have times in the future; they count as pushed now"]],
])("of %d tasks that a clock left ahead it says so", async (count, sentences) => {
  const { store, clock } = subject;
  clock.advance(HOUR);
  for (let task = 0; task < count; task++) await pushOne(store);
  clock.advance(-HOUR);
  jest.useRealTimers(); // it looks in slices, a turn of the loop each
  await maintenance.repairTimes();
  expect(said).toEqual(sentences);
});

test("times are repaired when the clock has been steady for a day, and not by one that is wrong for certain", async () => {
  const { store, clock } = subject;
  const repair = spyOn(store, "repairTimes").mockResolvedValue(0);
  await pass(23 * HOUR);
  maintenance.clockJumped();
  await pass(23 * HOUR);
  expect(repair).not.toHaveBeenCalled();
  for (let hour = 0; hour < 3; hour++) await pass(HOUR);
  expect(repair.mock.calls).toEqual([["all"]]);
  clock.advance(MADE_AT - 1 - clock.now());
  await maintenance.repairTimes();
  expect(repair).toHaveBeenCalledTimes(1);
});

test("at the start it says what may be wrong with the clock", async () => {
  await pushOne(subject.store);
  subject.clock.advance(-HOUR);
  jest.useRealTimers();
  await maintenance.repairOrder();
  expect(said).toEqual([
    "1 task was pushed at a time in the future: the clock was ahead then, or is behind now; ready tasks run, scheduled ones wait for their times",
  ]);
});

test("times that cannot be repaired are noted", async () => {
  spyOn(subject.store, "repairTimes").mockRejectedValueOnce(new Error("the disk is full"));
  await maintenance.repairTimes();
  expect(said).toEqual(["Cannot repair the times of tasks now: the disk is full"]);
});
