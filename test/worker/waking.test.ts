/** How many threads a look wakes. */
import { expect, jest, test } from "bun:test";
import { monotonicNow } from "../../src/clock.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { WatchEvents } from "../../src/store/worker-store.ts";
import { Pool } from "../../src/worker/pool.ts";
import { Waking } from "../../src/worker/waking.ts";

/** A thread that does nothing once it is woken. */
function idleThread() {
  const thread = { idle: true, wokenAt: -Infinity, wakes: 0, wake: () => {} };
  thread.wake = () => {
    Object.assign(thread, { idle: false, wokenAt: monotonicNow(), wakes: thread.wakes + 1 });
  };
  return thread;
}

test("a look that a distant server answers late does not wake another thread for the task of a hint", async () => {
  jest.useFakeTimers();
  try {
    const threads = [idleThread(), idleThread()];
    const pool = {
      threads,
      serving: threads,
      busyThreads: [],
      get idleThreads() {
        return threads.filter(({ idle }) => idle);
      },
      wokenJustBefore: (monotonic: number) =>
        Pool.prototype.wokenJustBefore.call({ threads } as never, monotonic),
    };
    let events: WatchEvents | null = null;
    const answers: ((ready: number) => void)[] = [];
    const store = {
      now: () => 0,
      watch: (given: WatchEvents) => {
        events = given;
        return { arm() {}, disarm() {}, check() {} };
      },
      look: () =>
        new Promise((resolve) =>
          answers.push((ready) =>
            resolve({ ready, due: null, pauseEnds: null, othersHoldTasks: false }),
          ),
        ),
    };
    const config = parseSettings({}, "the test");
    const options = { id: "worker-1", config, store, pool, report: () => {}, drain: undefined };
    let looks = 0;
    const waking = new Waking(options as never, { looked: () => (looks += 1) } as never);
    const watched = events as WatchEvents | null;
    watched?.hint();
    watched?.look();
    jest.advanceTimersByTime(10);
    answers[0]?.(1);
    while (looks === 0) await Promise.resolve();
    expect(threads.map(({ wakes }) => wakes)).toEqual([1, 0]);
    jest.advanceTimersByTime(3); // then it looks again
    answers[1]?.(1);
    while (looks === 1) await Promise.resolve();
    expect(threads.map(({ wakes }) => wakes)).toEqual([1, 1]);
    waking.stop();
  } finally {
    jest.useRealTimers();
  }
});

test("a worker that drains looks again where a task was pushed while it waited for what its ends push", async () => {
  const pool = {
    idleThreads: [idleThread()],
    serving: [{}],
    busyThreads: [],
    wokenJustBefore: () => 0,
  };
  let isPushed = false;
  const store = {
    now: () => 0,
    watch: () => ({ arm() {}, disarm() {}, check() {} }),
    look: async () => ({ ready: 0, due: null, pauseEnds: null, othersHoldTasks: false }),
    hasWork: async () => isPushed,
    pauses: { list: async () => [] },
  };
  const config = parseSettings({}, "the test");
  const options = { id: "worker-1", config, store, pool, report: () => {}, drain: "ready" };
  const happened: string[] = [];
  const drained = Promise.withResolvers<void>();
  const waking = new Waking(options as never, {
    looked: () => happened.push("looked"),
    draining: async () => {
      isPushed = happened.length === 0; // by what follows the ends besides
      return false;
    },
    drained: () => (happened.push("drained"), drained.resolve()),
  });
  waking.look();
  while (happened.length === 0) await Promise.resolve();
  isPushed = false; // a thread runs it
  waking.look();
  await drained.promise;
  expect(happened[0]).toBe("looked");
  waking.stop();
});
