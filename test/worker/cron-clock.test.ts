/** The clock of recurring tasks in a worker: slots that come while it is held up, or as its file changes. */
import { afterEach, beforeEach, expect, jest, spyOn, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { loadConfig, parseSettings } from "../../src/settings/config.ts";
import { MADE_AT } from "../../src/version.ts";
import type { CronRow } from "../../src/cron/ledger.ts";
import { CLEAN } from "../../src/cron/own.ts";
import { Cleaning } from "../../src/worker/cleaning.ts";
import { CronClock } from "../../src/worker/cron-clock.ts";
import { CronSources } from "../../src/worker/cron-sources.ts";
import { file, folder, HOURLY, NIGHTLY, renewSources, row, store, subject } from "./cron-files.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const config = parseSettings({}, "the test");

renewSources();

let clock: CronClock;

beforeEach(() => {
  jest.useFakeTimers();
  const start = Math.ceil((MADE_AT + 48 * HOUR) / HOUR) * HOUR;
  subject.clock.advance(start - 10 * SECOND - subject.clock.now());
});

afterEach(() => {
  clock.stop();
  jest.useRealTimers();
});

/** Starts the clock of a worker, 10 s before the full hour. */
async function start(toml: string): Promise<void> {
  writeFileSync(file, toml);
  await store.register({ id: "w1", pid: 1, threads: 1, queues: [] });
  const report = () => {};
  const settings = loadConfig({ cwd: folder.path, env: {}, file });
  const sources = new CronSources({ id: "w1", config: settings, store, report });
  sources.load({ catalog: { night: ["run"] }, crons: [] });
  const cleaning = new Cleaning(store, config, () => Promise.resolve(false));
  clock = new CronClock(store, report, { id: "w1", sources, own: new Map([[CLEAN, cleaning]]) });
  clock.start();
  await settle();
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}

/** Both clocks go on, and the worker ticks. */
async function pass(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    subject.clock.advance(SECOND);
    jest.advanceTimersByTime(SECOND);
    clock.check();
    await settle();
  }
}

async function ledger(): Promise<(string | null)[][]> {
  const slots = await store.cron.slots("hourly", 10);
  return slots.map(({ outcome, reason }) => [outcome, reason]);
}

test("a worker that drains waits for the first look: it takes recurring tasks up, and may push some", async () => {
  const rows = Promise.withResolvers<CronRow[]>();
  const reading = spyOn(store.cron, "rows").mockReturnValue(rows.promise);
  await start(HOURLY);
  let told: boolean | null = null;
  void clock.catchUp().then((isMore) => (told = isMore));
  await settle();
  expect(told).toBeNull();
  rows.resolve([]);
  await settle();
  reading.mockRestore();
  expect(told as boolean | null).toBe(true);
  expect(await clock.catchUp()).toBe(false);
});

test("a worker that stops at once does not wait for the first look", async () => {
  const reading = spyOn(store.cron, "rows").mockReturnValue(new Promise(() => {}));
  await start(HOURLY);
  const caughtUp = clock.catchUp();
  clock.stop();
  expect(await caughtUp).toBe(false);
  reading.mockRestore();
});

test("a slot that comes while the database is locked runs late, also with missed = skip", async () => {
  await start(`${HOURLY}missed = "skip"\n`);
  const decide = spyOn(store.cron, "decide").mockRejectedValue(new Error("it is locked"));
  await pass(74);
  expect(await ledger()).toEqual([]);
  decide.mockRestore();
  await pass(2);
  expect(await ledger()).toEqual([
    ["pushed", expect.stringMatching(/^1 min \d s late: a worker ran then, but was held up$/)],
  ]);
});

test("a slot that comes as its recurring task is taken away is decided first", async () => {
  await start(HOURLY + NIGHTLY);
  await pass(7);
  writeFileSync(file, NIGHTLY);
  await pass(1);
  subject.clock.advance(2 * SECOND); // the slot comes as the file has settled, with no look before
  jest.advanceTimersByTime(2 * SECOND);
  await settle();
  expect((await row("hourly"))?.removedAt).not.toBeNull();
  expect(await ledger()).toEqual([["pushed", null]]);
});

test("a definition that was taken away while no worker ran leaves a row for the slots of that time", async () => {
  await start(HOURLY);
  clock.stop();
  await store.unregister("w1");
  const first = subject.clock.now() + 10 * SECOND;
  subject.clock.advance(5 * HOUR);
  await start(NIGHTLY);
  await pass(59);
  expect(await store.cron.slots("hourly", 10)).toEqual([]);
  await pass(3);
  expect(await store.cron.slots("hourly", 10)).toMatchObject([
    { slot: first + 4 * HOUR, firstSlot: first, outcome: "missed" },
  ]);
  const decide = spyOn(store.cron, "decide");
  await pass(5);
  expect(decide.mock.calls.filter(([name]) => name === "hourly")).toEqual([]);
});

test("a file that has changed is read as soon as it has settled, with no further tick of an idle worker", async () => {
  await start("");
  await pass(2);
  writeFileSync(file, NIGHTLY);
  clock.check(); // one tick sees it
  await settle();
  for (let second = 0; second < 4; second++) {
    subject.clock.advance(SECOND);
    jest.advanceTimersByTime(SECOND);
    await settle();
  }
  expect(await row("nightly")).toMatchObject({ removedAt: null });
});

test("an idle worker reads recurring tasks where they have changed, and at no other tick", async () => {
  await start(NIGHTLY);
  await pass(75); // tq's own task has come
  const rows = spyOn(store.cron, "rows");
  await pass(60);
  expect(rows.mock.calls).toEqual([]);
  const other = subject.open();
  await other.cron.override("nightly", () => ({ schedule: "@hourly" }));
  await pass(2);
  expect(rows.mock.calls.length).toBeGreaterThan(0);
});
