/** Back-pressure: a push for which there is no room is refused, and what is there still drains. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { Capacity } from "../../../src/sqlite/file/capacity.ts";
import { errorOf } from "../../support/error.ts";
import { claim, claimFirst, makeStore, newTask, pushOne } from "../../support/store.ts";

/** More than any disk has free. */
const TOO_MUCH = 1e18;

/** Time passes only where a test says so: no count takes long. */
const STEADY = { now: () => 0, monotonic: () => 0 };

describe("a queue of a largest size", () => {
  test("refuses the push that is too much, with a sentence, and stores nothing of it", async () => {
    await using subject = makeStore({ maxSize: 3, clock: STEADY });
    const { store } = subject;
    await store.push([newTask(), newTask()]);
    expect(await errorOf(store.push([newTask(), newTask()]))).toMatchObject({
      code: "full",
      message:
        "Cannot push 2 tasks: the queue has 2, and queue.max_size is 3; wait until some have run, or raise it",
    });
    await pushOne(store);
    expect(await errorOf(pushOne(store))).toMatchObject({
      code: "full",
      message: expect.stringMatching(
        /^Cannot push a task: the queue has 3, and queue.max_size is 3;/,
      ),
    });
    expect(await store.list()).toHaveLength(3);
  });

  test("says so where waiting would not help", async () => {
    await using subject = makeStore({ maxSize: 1, clock: STEADY });
    const refusal = await errorOf(subject.store.push([newTask(), newTask()]));
    expect(String(refusal)).toContain(
      "the queue has 0, and queue.max_size is 1; push fewer at a time, or raise it",
    );
  });

  test("counts what waits for its time, and what a dead worker held, but not what runs or has ended", async () => {
    await using subject = makeStore({ maxSize: 3, clock: STEADY });
    const { store } = subject;
    await pushOne(store, { scheduledAt: 60_000 });
    await pushOne(store);
    await pushOne(store);
    const suspect = await claimFirst(store);
    await store.write((session) =>
      session.settle(suspect, { kind: "crashed", reason: "killed", maxCrashes: 3 }),
    );
    expect(await errorOf(pushOne(store))).toMatchObject({ code: "full" });
    const running = await claimFirst(store);
    expect(running.id).toBe(suspect.id);
    await pushOne(store);
    expect(await errorOf(pushOne(store))).toMatchObject({ code: "full" });
    await store.write((session) =>
      session.settle(running, { kind: "finished", result: null, reason: null }),
    );
    expect(await errorOf(pushOne(store))).toMatchObject({ code: "full" });
  });

  test("takes pushes again as soon as some have been claimed", async () => {
    await using subject = makeStore({ maxSize: 10, clock: STEADY });
    const { store } = subject;
    for (let push = 0; push < 10; push++) await pushOne(store);
    expect(await errorOf(pushOne(store))).toMatchObject({ code: "full" });
    expect(await claim(store, { limit: 4 })).toHaveLength(4);
    for (let push = 0; push < 4; push++) await pushOne(store);
    expect(await errorOf(pushOne(store))).toMatchObject({ code: "full" });
  });

  test("is not counted again at each refusal where that takes long", async () => {
    await using subject = makeStore();
    const ids = await subject.store.push([newTask(), newTask()]);
    using db = new Database(subject.path);
    const room = new Capacity({ path: subject.path, maxSize: 2, minFree: 0 });
    let [time, took] = [0, 10];
    const clock = { now: () => 0, monotonic: () => (time += took) };
    const refused = (tasks = 1) => {
      try {
        room.check(db, tasks, clock);
        return null;
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(refused()).toContain("the queue has 2");
    for (const id of ids) await subject.store.cancel(id);
    expect(refused()).toContain("the queue has 2");
    expect(refused(3)).toContain("push fewer at a time");
    time += 100;
    expect(refused()).toBeNull();
    took = 0;
    await subject.store.push([newTask(), newTask()]);
    expect(refused()).toContain("the queue has 2");
    await claimFirst(subject.store);
    expect(refused()).toBeNull();
  });

  test("is counted again where the last count refused nobody", async () => {
    await using subject = makeStore();
    const ids = await subject.store.push(Array.from({ length: 90 }, () => newTask()));
    using db = new Database(subject.path);
    const room = new Capacity({ path: subject.path, maxSize: 100, minFree: 0 });
    let time = 0;
    const clock = { now: () => 0, monotonic: () => (time += 10) };
    room.check(db, 2, clock);
    for (const id of ids) await subject.store.cancel(id);
    expect(() => room.check(db, 20, clock)).not.toThrow();
  });

  test("never goes beyond it by much, however many programs push", async () => {
    await using subject = makeStore({ maxSize: 20, clock: STEADY });
    const stores = Array.from({ length: 4 }, () => subject.open());
    let stored = 0;
    for (let round = 0; round < 20; round++) {
      for (const store of stores) {
        stored += await pushOne(store).then(
          () => 1,
          () => 0,
        );
      }
    }
    expect(stored).toBeGreaterThanOrEqual(20);
    expect(stored).toBeLessThan(40);
    expect(await subject.store.list()).toHaveLength(stored);
  });

  test("refuses one of those that arrive together, and takes the others", async () => {
    await using subject = makeStore({ maxSize: 3, clock: STEADY });
    const { store } = subject;
    const pushes = [
      store.push([newTask(), newTask()]),
      store.push([newTask(), newTask()]),
      pushOne(store),
    ];
    const results = await Promise.allSettled<unknown>(pushes);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await store.list()).toHaveLength(3);
  });
});

test("a disk with too little space refuses new pushes first: what is there is claimed and settled", async () => {
  await using subject = makeStore();
  const { store, path } = subject;
  const id = await pushOne(store);
  const full = subject.open({ minFree: TOO_MUCH });
  const refusal = await errorOf(pushOne(full));
  expect(refusal).toMatchObject({ code: "full" });
  expect(String(refusal)).toMatch(
    /Cannot push: the disk of .* has \d+ MB free, and database\.min_free_mb is 1000000000000; free some space$/,
  );
  expect(String(refusal)).toContain(path);
  const task = await claimFirst(full);
  expect(
    await full.write((session) =>
      session.settle(task, { kind: "finished", result: null, reason: null }),
    ),
  ).toBe(true);
  expect(await full.get(id)).toMatchObject({ state: "finished" });
  const inTransaction = full.write((session) => session.push([newTask()]));
  expect(await errorOf(inTransaction)).toMatchObject({ code: "full" });
  expect(await full.list()).toHaveLength(1);
});
