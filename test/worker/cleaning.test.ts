/** tq's own recurring task: it deletes what ended long ago, in slices, once for all workers of a database. */
import { afterEach, beforeEach, describe, expect, jest, spyOn, test } from "bun:test";
import os from "node:os";
import { CLEAN, OWN_DEFINITIONS } from "../../src/cron/own.ts";
import { TQ_ORIGIN } from "../../src/cron/ledger.ts";
import type { Event } from "../../src/log/events.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import { MADE_AT } from "../../src/version.ts";
import { Cleaning } from "../../src/worker/cleaning.ts";
import { CronClock } from "../../src/worker/cron-clock.ts";
import { CronSources } from "../../src/worker/cron-sources.ts";
import { makeStore, newTask, type TestStore } from "../support/store.ts";

const HOUR = 3_600_000;
const config = parseSettings({ queue: { clean_days: 1 } }, "the test");

let subject: TestStore;
let clocks: CronClock[];
let events: Event[];

/** One clock is not so far ahead of the other that it looks set. */
const STEP_MS = 500;

beforeEach(async () => {
  jest.useFakeTimers();
  subject = makeStore();
  const start = Math.ceil((MADE_AT + 48 * HOUR) / HOUR) * HOUR;
  subject.clock.advance(start + HOUR / 2 - subject.clock.now());
  clocks = [];
  events = [];
  await subject.store.cron.define({ origin: TQ_ORIGIN, definitions: OWN_DEFINITIONS });
});

afterEach(async () => {
  for (const clock of clocks) clock.stop();
  jest.useRealTimers();
  await subject[Symbol.asyncDispose]();
});

/** Starts the clock of a worker that is registered. */
async function startWorker(id: string, store: Store = subject.store): Promise<CronClock> {
  await store.register({ id, pid: 1, threads: 1, queues: [] });
  const report = (event: Event) => events.push(event);
  const sources = new CronSources({ id, config, store, report });
  sources.load({ catalog: {}, crons: [] });
  const cleaning = new Cleaning(store, config, async () => (await store.tidy()).more);
  const clock = new CronClock(store, report, { id, sources, own: new Map([[CLEAN, cleaning]]) });
  clocks.push(clock);
  clock.start();
  await settle();
  return clock;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
}

/** Both clocks go on side by side, timers that come due run, and what they have started ends. */
async function pass(ms: number): Promise<void> {
  for (let rest = ms; rest > 0; rest -= STEP_MS) {
    subject.clock.advance(Math.min(rest, STEP_MS));
    jest.advanceTimersByTime(Math.min(rest, STEP_MS));
    await settle();
  }
}

/** Makes tasks that ended three days ago. */
async function endTasks(count: number): Promise<void> {
  const { store, clock } = subject;
  clock.advance(-72 * HOUR);
  const ids = await store.push(Array.from({ length: count }, () => newTask()));
  for (const id of ids) await store.cancel(id);
  clock.advance(72 * HOUR);
}

async function left(): Promise<number> {
  return (await subject.store.list({ limit: 10_000 })).length;
}

async function ledger() {
  const slots = await subject.store.cron.slots(CLEAN, 10);
  return slots.map(({ outcome, reason }) => [outcome, reason]).toReversed();
}

test("what ended long ago goes at the next full hour, with a row of the ledger and no task", async () => {
  await endTasks(3);
  await startWorker("w1");
  await pass(HOUR / 2 - 1);
  expect(await left()).toBe(3);
  await pass(1);
  expect(await left()).toBe(0);
  expect(await ledger()).toEqual([["done", "deleted 3 tasks"]]);
  await endTasks(1);
  await pass(HOUR);
  expect(await ledger()).toEqual([
    ["done", "deleted 3 tasks"],
    ["done", "deleted 1 task"],
  ]);
  expect(events).toEqual([]);
});

test("sessions that were signed out go once they would be over by themselves", async () => {
  const { store, clock } = subject;
  const session = { token: "t", id: "a", until: clock.now() + 1_000 };
  await store.tokens.endSession(session);
  await startWorker("w1");
  await pass(HOUR / 2);
  expect(await store.tokens.hasEnded(session)).toBe(false);
});

test("a worker that is started for minutes only cleans after one, where no worker ran at the hour", async () => {
  await endTasks(3);
  await pass(5 * HOUR);
  await startWorker("w1");
  await pass(1_000); // a worker looks at its zone then
  await pass(58_999);
  expect(await left()).toBe(3);
  await pass(1);
  expect(await left()).toBe(0);
  expect(await ledger()).toEqual([
    ["missed", expect.stringMatching(/^no worker ran then; .*; so were earlier slots, from /)],
    ["done", "deleted 3 tasks"],
  ]);
  expect(events).toEqual([]);
});

test("much of it goes in slices, with time for others between them", async () => {
  await endTasks(1_200);
  await startWorker("w1");
  const after: number[] = [];
  for (const wait of [HOUR / 2, 50, 50]) {
    await pass(wait);
    after.push(await left());
  }
  expect(after).toEqual([700, 200, 0]);
  expect(await ledger()).toEqual([["done", "deleted 1200 tasks"]]);
});

describe("a worker that drains", () => {
  let uptime = spyOn(os, "uptime");
  const hasBooted = (seconds: number) =>
    void (uptime = spyOn(os, "uptime").mockReturnValue(seconds));
  afterEach(() => uptime.mockRestore());

  /** Nothing is left to do: it ends as soon as that resolves with false. */
  async function drain(clock: CronClock): Promise<void> {
    for (let more = true; more;) {
      let isMore: boolean | null = null;
      void clock.catchUp().then((told) => (isMore = told));
      while (isMore === null) await pass(50);
      more = isMore;
    }
    clock.stop();
  }

  test("cleans before it ends, where that is due, and once for all such workers of the hour", async () => {
    hasBooted(3_600);
    await endTasks(600);
    await pass(HOUR);
    await drain(await startWorker("w1"));
    expect(await left()).toBe(0);
    expect(await ledger()).toEqual([["done", "deleted 600 tasks"]]);
    await endTasks(1);
    await drain(await startWorker("w2"));
    expect(await left()).toBe(1);
    await pass(HOUR);
    await drain(await startWorker("w3"));
    expect(await left()).toBe(0);
  });

  test("cleans for some seconds, and leaves the rest to the next hour", async () => {
    hasBooted(3_600);
    await pass(HOUR);
    const { store } = subject;
    using clean = spyOn(store, "clean").mockResolvedValue(500);
    const clock = await startWorker("w1");
    await drain(clock);
    const slices = clean.mock.calls.length;
    expect(slices).toBeGreaterThan(50);
    expect(await ledger()).toEqual([
      ["done", `deleted ${slices * 500} tasks; the worker stopped before the rest`],
    ]);
  });

  test("does not clean just after the machine has started: its clock may still be wrong", async () => {
    hasBooted(59);
    await endTasks(3);
    await pass(HOUR);
    await drain(await startWorker("w1"));
    expect(await left()).toBe(3);
  });

  test("ends where the cleaning fails", async () => {
    hasBooted(3_600);
    await pass(HOUR);
    using _ = spyOn(subject.store, "clean").mockRejectedValue(new Error("the disk is full"));
    await drain(await startWorker("w1"));
    expect(await ledger()).toEqual([["failed", "the disk is full"]]);
  });
});

test("what is waiting, or ended only now, stays", async () => {
  const { store } = subject;
  const [, cancelled = 0] = await store.push([newTask(), newTask()]);
  await store.cancel(cancelled);
  await startWorker("w1");
  await pass(HOUR / 2);
  expect(await left()).toBe(2);
  expect(await ledger()).toEqual([["done", "deleted 0 tasks"]]);
});

test("several workers of one database clean once", async () => {
  await endTasks(3);
  const stores = [subject.store, subject.open(), subject.open()];
  const cleans = stores.map((store) => spyOn(store, "clean"));
  for (const [index, store] of stores.entries()) await startWorker(`w${index}`, store);
  await pass(HOUR / 2);
  expect(cleans.flatMap(({ mock }) => mock.calls)).toHaveLength(1);
  expect(await ledger()).toEqual([["done", "deleted 3 tasks"]]);
});

test("a cleaning that lasts beyond the next hour is not joined by another worker's", async () => {
  await startWorker("w1");
  const other = subject.open();
  await startWorker("w2", other);
  const held = Promise.withResolvers<number>();
  const clean = spyOn(subject.store, "clean").mockReturnValue(held.promise);
  const others = spyOn(other, "clean").mockReturnValue(held.promise);
  await pass(HOUR / 2);
  await pass(HOUR);
  expect(clean.mock.calls.length + others.mock.calls.length).toBe(1);
  expect((await ledger()).map(([outcome]) => outcome)).toEqual(["started", "skipped"]);
  held.resolve(0);
  await settle();
  expect((await ledger())[0]).toEqual(["done", "deleted 0 tasks"]);
  expect(events).toEqual([]);
});

test("paused it deletes nothing, and resumed it goes on at its next hour", async () => {
  await endTasks(3);
  await startWorker("w1");
  const pause = { by: "root@shop", at: 0, reason: null, until: null };
  await subject.store.cron.override(CLEAN, () => ({ pause }));
  await pass(HOUR);
  expect(await left()).toBe(3);
  expect(await ledger()).toEqual([["paused", "paused by root@shop"]]);
  await subject.store.cron.override(CLEAN, () => ({}));
  await pass(HOUR);
  expect(await left()).toBe(0);
});

test("each cleaning that fails is an error in the log, and is tried again at the next hour", async () => {
  await endTasks(1);
  const { store } = subject;
  await startWorker("w1");
  const clean = spyOn(store, "clean");
  for (const reason of ["the disk is full", "it is read-only", "it is read-only"]) {
    clean.mockRejectedValueOnce(new Error(reason));
  }
  await pass(HOUR / 2);
  expect(await ledger()).toEqual([["failed", "the disk is full"]]);
  await pass(HOUR);
  await pass(HOUR);
  const said = (reason: string) => ({
    name: "log.note",
    level: "error",
    message: `Cannot clean ${store.name} (tq.clean): ${reason}`,
  });
  const all = ["the disk is full", "it is read-only", "it is read-only"].map(said);
  expect(events).toMatchObject(all);
  await pass(HOUR);
  expect(await left()).toBe(0);
  expect(events).toHaveLength(3);
});
