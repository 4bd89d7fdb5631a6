/** What a clock leaves that was ahead and is set back. */
import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { nextTurn } from "../../../src/next-turn.ts";
import {
  claim,
  claimFirst,
  makeStore,
  newTask,
  OWNER,
  pushOne,
  withSession,
} from "../../support/store.ts";

const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;

test("tasks that were pushed while the clock was ahead count as pushed now", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  const now = clock.now();
  const before = await pushOne(store, { scheduledAt: now + YEAR * 2, expectedAt: now + YEAR * 2 });
  const due = await pushOne(store, { queue: "other", scheduledAt: now + YEAR / 2 });
  clock.advance(YEAR);
  const running = await pushOne(store, { priority: 1 });
  await claimFirst(store);
  const plain = await pushOne(store);
  const urgent = await pushOne(store, { expectedAt: now + YEAR + MINUTE });
  const later = await pushOne(store, { scheduledAt: now + YEAR + MINUTE });
  clock.advance(-YEAR);
  const after = await pushOne(store);

  expect(await store.repairTimes("all")).toBe(4);
  expect(await store.repairTimes("all")).toBe(0);
  expect(await store.get(plain)).toMatchObject({ enqueued_at: now });
  expect(await store.get(running)).toMatchObject({ state: "running", enqueued_at: now });
  expect(await store.get(urgent)).toMatchObject({ enqueued_at: now, expected_at: now + MINUTE });
  expect(await store.get(later)).toMatchObject({ enqueued_at: now, scheduled_at: now + MINUTE });
  // What was meant so stays.
  expect(await store.get(before)).toMatchObject({
    state: "scheduled",
    scheduled_at: now + YEAR * 2,
    expected_at: now + YEAR * 2,
  });
  expect(await store.get(due)).toMatchObject({ scheduled_at: now + YEAR / 2 });

  const order = await claim(store, { queues: ["default"], limit: 10 });
  expect(order.map(({ id }) => id)).toEqual([plain, after, urgent]);
});

test("a task that was put off while the clock was ahead waits its delay from now on", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  const id = await pushOne(store);
  const error = { name: "TqError", message: "busy", stack: null };
  const putOff = async () => {
    const task = await claimFirst(store);
    await store.write((session) =>
      session.settle(task, { kind: "postponed", delay: MINUTE, error }),
    );
  };
  await putOff();
  expect(await store.repairTimes("all")).toBe(0);
  clock.advance(YEAR);
  await putOff();
  clock.advance(-YEAR);
  expect(await store.repairTimes("all")).toBe(1);
  expect(await store.get(id)).toMatchObject({ scheduled_at: clock.now() + MINUTE });
  clock.advance(MINUTE);
  expect(await claimFirst(store)).toMatchObject({ id, attempt: 3 });
});

test.each([6 * 60 * MINUTE, 90 * 24 * 60 * MINUTE])(
  "a task that was put off for %p ms under a right clock keeps its time",
  async (delay) => {
    await using subject = makeStore();
    const { store, clock } = subject;
    const id = await pushOne(store);
    const task = await claimFirst(store);
    const error = { name: "TqError", message: "busy", stack: null };
    await store.write((session) => session.settle(task, { kind: "postponed", delay, error }));
    const scheduledAt = clock.now() + delay;
    expect(await store.repairTimes("all")).toBe(0);
    expect(await store.get(id)).toMatchObject({ scheduled_at: scheduledAt });
  },
);

test("a task that was pushed, and put off a day later, under a clock that was ahead is repaired at once", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  clock.advance(YEAR);
  const id = await pushOne(store);
  clock.advance(24 * 60 * MINUTE);
  const task = await claimFirst(store);
  const error = { name: "TqError", message: "busy", stack: null };
  await store.write((session) => session.settle(task, { kind: "postponed", delay: MINUTE, error }));
  clock.advance(-YEAR - 24 * 60 * MINUTE);
  const now = clock.now();
  expect(await store.repairTimes("all")).toBe(1);
  expect(await store.get(id)).toMatchObject({ enqueued_at: now, scheduled_at: now + MINUTE });
  expect(await store.repairTimes("all")).toBe(0);
});

test("tasks of every queue and priority are mended, however many wait beside them", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  const now = clock.now();
  const patient = (count: number) =>
    Array.from({ length: count }, () => newTask({ expectedAt: now + YEAR / 2 }));
  await store.push(patient(2_100));
  clock.advance(YEAR);
  const places = ["a", "b"].flatMap((queue) => [1, 0, -1].map((priority) => ({ queue, priority })));
  const ahead = await store.push(places.map((place) => newTask(place)));
  ahead.push(await pushOne(store, { expectedAt: now + YEAR * 2 }));
  clock.advance(-YEAR);
  expect(await store.repairTimes("all")).toBe(ahead.length);
  for (const id of ahead) expect(await store.get(id)).toMatchObject({ enqueued_at: now });
  expect(await store.repairTimes("all")).toBe(0);
});

test("who is pushed while tasks are mended stands behind them all", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  clock.advance(YEAR);
  const ids = await store.push(Array.from({ length: 5_000 }, () => newTask()));
  clock.advance(-YEAR);
  const mending = store.repairTimes("all");
  const firstIsMended = async () =>
    (await store.get(ids[0] as number))?.enqueued_at === clock.now();
  while (!(await firstIsMended())) await nextTurn();
  const pushed: number[] = [];
  for (const seconds of [1, 2, 3]) {
    clock.advance(seconds * 1_000); // more than a clock may be off
    pushed.push(await pushOne(store, { priority: 0 }));
  }
  const scheduledAt = clock.now() + MINUTE;
  const later = await pushOne(store, { scheduledAt });
  clock.advance(10_000);
  expect(await mending).toBe(ids.length);
  expect(await store.get(later)).toMatchObject({ scheduled_at: scheduledAt });
  const order = await claim(store, { limit: ids.length + pushed.length });
  expect(order.map(({ id }) => id)).toEqual([...ids, ...pushed]);
});

test("others go on while tasks are looked at of which none needs it", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  const scheduledAt = clock.now() + YEAR;
  await store.push(Array.from({ length: 20_000 }, () => newTask({ scheduledAt })));
  let turns = 0;
  let counting = setImmediate(function count() {
    turns += 1;
    counting = setImmediate(count);
  });
  expect(await store.repairTimes("all")).toBe(0);
  clearImmediate(counting);
  expect(turns).toBeGreaterThanOrEqual(10);
});

test("a suspect that was pushed while the clock was ahead, and many tasks, are mended too", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  clock.advance(YEAR);
  const ids = await Promise.all(Array.from({ length: 1_200 }, () => pushOne(store)));
  const first = await claimFirst(store);
  await store.rescueThread(OWNER, { running: first, reason: "it died", maxCrashes: 3 });
  clock.advance(-YEAR);
  expect(await store.repairTimes("all")).toBe(ids.length);
  expect(await store.get(first.id)).toMatchObject({ enqueued_at: clock.now(), crashes: 1 });
});

test("a clock that is behind destroys no time that somebody has asked for", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  const now = clock.now();
  const scheduled = await pushOne(store, {
    scheduledAt: now + 5 * MINUTE,
    expectedAt: now + MINUTE,
  });
  const expected = await pushOne(store, { expectedAt: now + MINUTE });
  const plain = await pushOne(store);
  clock.advance(-YEAR);
  const after = await pushOne(store);
  expect(await store.repairTimes("places")).toBe(1);
  expect(await store.repairTimes("places")).toBe(0);
  expect(await store.get(plain)).toMatchObject({ enqueued_at: now });
  const order = await claim(store, { limit: 10 });
  expect(order.map(({ id }) => id)).toEqual([plain, after, expected]);
  expect(await store.get(expected)).toMatchObject({ expected_at: now + MINUTE });
  expect(await store.get(scheduled)).toMatchObject({
    state: "scheduled",
    enqueued_at: now,
    scheduled_at: now + 5 * MINUTE,
    expected_at: now + MINUTE,
  });
});

test("a queue whose name is no UTF-8 is passed once", async () => {
  await using subject = makeStore();
  await pushOne(subject.store);
  await withSession(subject.store, async (session) => {
    const db = session.raw(false) as Database;
    db.run("UPDATE tq__task SET queue = CAST(x'62FC726F' AS TEXT)");
    await session.commit();
  });
  subject.clock.advance(-YEAR);
  expect(await subject.store.repairTimes("places")).toBe(1);
});
