import { beforeEach, describe, expect, test } from "bun:test";
import type { Event } from "../../src/log/events.ts";
import { endCancelled } from "../../src/worker/cancelled-runs.ts";
import { watchThreads } from "../../src/worker/watch-threads.ts";
import type { Store } from "../../src/store/store.ts";
import type { PoolThread } from "../../src/worker/pool-thread.ts";
import { createShared } from "../../src/shared-memory/layout.ts";
import { type Lock, Progress } from "../../src/shared-memory/progress.ts";

const LIMIT = 60_000;

/** Between two looks: ms. */
const TICK = 250;

let progress: Progress;
let events: Event[];
let gaveWay: number;
let told: string[];
let terminated: number;
let thread: PoolThread;
let now: number;
let isServer: boolean;

beforeEach(() => {
  progress = new Progress(createShared(1), 1);
  events = [];
  told = [];
  [gaveWay, terminated, now] = [0, 0, 0];
  isServer = false;
  thread = {
    number: 1,
    progress,
    endReason: null,
    toBlame: false,
    seenAtTick: -1,
    lostAtTick: -1,
    hold: { sequence: -1, seen: 0, held: 0, named: false, awaited: 0 },
    limited: { sequence: -1, seen: 0, held: 0, named: false, awaited: 0 },
    told: { sequence: -1, at: 0 },
    timedOut: null,
    tellToEnd(cause: string) {
      told.push(cause);
    },
    giveWay() {
      thread.endReason = "it gave way";
      gaveWay += 1;
    },
    async terminate() {
      terminated += 1;
    },
  } as unknown as PoolThread;
});

function look(times = 1, pause = TICK): void {
  for (let time = 0; time < times; time++) {
    now += pause;
    watchThreads(
      [thread],
      { lock_timeout: LIMIT, timeout_grace: 5_000, isServer },
      (event) => events.push(event),
      now,
    );
  }
}

/** A run has begun, the `begun`th of its batch; 0: by itself. */
function run(id: number, begun: number, lock: Lock): void {
  progress.setClaims([{ id, claim: 1 }]);
  progress.begin({ id, claim: 1 });
  progress.setRunInBatch(begun);
  progress.assignLock();
  if (lock === "held") progress.lockTaken(false);
  else if (lock === "awaited") progress.lockAwaited();
  else progress.lockReleased();
}

describe("a run in a batch that does not come back", () => {
  test.each([
    ["holds the write lock", 1, "held"],
    ["is behind others that hold no lock", 2, "none"],
  ] as const)("gives way when it %s", (_name, begun, lock) => {
    run(7, begun, lock);
    look(2);
    expect(gaveWay).toBe(0);
    look(1);
    expect([gaveWay, terminated, thread.toBlame]).toEqual([1, 0, false]);
    look(2);
    expect(gaveWay).toBe(1);
  });

  test.each([
    ["holds up nobody", 1, "none"],
    ["waits for the lock", 3, "awaited"],
  ] as const)("goes on while it %s", (_name, begun, lock) => {
    run(7, begun, lock);
    look(100);
    expect([gaveWay, terminated]).toEqual([0, 0]);
  });

  test("is not taken for slow when the whole process was stopped meanwhile", () => {
    run(7, 1, "held");
    look();
    look(1, 3_600_000);
    expect(gaveWay).toBe(0);
  });

  test("is looked at anew when the next one has begun", () => {
    for (let id = 1; id < 10; id++) {
      run(id, id, "held");
      look(2);
    }
    expect(gaveWay).toBe(0);
  });

  test("is stopped like any other when it stays in a native call", () => {
    run(7, 1, "held");
    look(LIMIT / TICK);
    expect([gaveWay, terminated]).toEqual([1, 0]);
    look(1);
    expect([terminated, thread.toBlame]).toEqual([1, true]);
  });
});

describe("a run by itself that holds the write lock", () => {
  test("is named after a second, once, and stopped at the limit", () => {
    run(7, 0, "held");
    look(4);
    expect(events).toEqual([]);
    look(20);
    expect(events).toEqual([
      { name: "lock.held", task: 7, thread: 1, duration: 1_000, kept: "write lock" },
    ]);
    expect([gaveWay, terminated]).toEqual([0, 0]);
    look(LIMIT / TICK);
    expect([terminated, thread.toBlame]).toEqual([1, true]);
  });

  test("is said to keep a transaction open where the database is a server", () => {
    isServer = true;
    const ended: string[] = [];
    thread.terminate = async (reason?: string) => void ended.push(reason ?? "");
    run(7, 0, "held");
    look(LIMIT / TICK + 1);
    expect(events).toEqual([expect.objectContaining({ name: "lock.held", kept: "rows" })]);
    expect(ended).toEqual(["it kept a transaction open for over 1 min"]);
  });

  test("is left alone while it only waits for the lock", () => {
    run(7, 0, "awaited");
    look(LIMIT / TICK + 1);
    expect([events.length, terminated]).toEqual([0, 0]);
  });
});

test("a transaction that a task has left behind ends its thread, and not the task that runs there meanwhile", () => {
  progress.lockTaken(true);
  look(100);
  progress.setClaims([{ id: 7, claim: 1 }]);
  progress.begin({ id: 7, claim: 1 });
  look(LIMIT / TICK - 99);
  expect([terminated, thread.toBlame]).toEqual([1, false]);
  expect(events).toEqual([expect.objectContaining({ name: "log.note" })]);
});

describe("a run with a longest time", () => {
  const GRACE = 5_000;

  test("is ended, and its task settled, once that and the grace have passed", () => {
    run(7, 0, "none");
    progress.setTimeout(30_000, 12_000);
    look((30_000 + GRACE) / TICK);
    expect(terminated).toBe(0);
    look();
    expect(terminated).toBe(1);
    const error = { name: "TimeoutError", message: "timed out after 30 s", stack: null };
    expect(thread.timedOut?.outcome).toEqual({ kind: "retry", delay: 12_000, error });
  });

  test("fails its task where no attempt is left", () => {
    run(7, 0, "none");
    progress.setTimeout(1_000, null);
    look(40);
    expect(thread.timedOut?.outcome.kind).toBe("failed");
  });

  test("is not ended while it waits for the write lock, and that time does not count", () => {
    run(7, 0, "none");
    progress.setTimeout(30_000, null);
    look();
    progress.lockAwaited(now);
    look(1_000);
    expect(terminated).toBe(0);
    progress.lockTaken(false, now);
    look((30_000 + GRACE) / TICK - 1);
    expect(terminated).toBe(0);
    look();
    expect([terminated, thread.timedOut?.after]).toEqual([1, 30_000 + GRACE]);
  });

  test("does not end the run after it, which has none", () => {
    run(7, 0, "none");
    progress.setTimeout(1_000, null);
    look(2);
    run(8, 0, "none");
    look(100);
    expect(terminated).toBe(0);
  });

  test("is given more time where this process was stopped meanwhile", () => {
    run(7, 0, "none");
    progress.setTimeout(30_000, null);
    look();
    look(1, 3_600_000);
    expect(terminated).toBe(0);
  });
});

const CALL = { model: "sale", method: "process", queue: "mail" };

describe("a run whose claim is not held any more", () => {
  const row = { ...CALL, id: 7, attempts: 1, instances: [7], ref: "order-7", state: "cancelled" };
  let found: typeof row | null = row;
  const store = {
    stillHeld: () => Promise.resolve([]),
    get: () => Promise.resolve(found),
  } as unknown as Store;
  let counted: unknown[];
  beforeEach(() => void (counted = []));
  const listeners = {
    report: (event: Event) => void events.push(event),
    statistics: { count: (...run: unknown[]) => void counted.push(run) },
  };
  const tick = () => endCancelled([thread], store, listeners, 5_000, now);

  test("is ended at the second tick that finds it so", async () => {
    run(7, 0, "none");
    await tick(); // sees the run
    await tick();
    expect([terminated, counted]).toEqual([0, []]);
    await tick();
    expect([terminated, counted]).toEqual([1, [[row, "cancelled", null]]]);
    expect(events).toEqual([
      {
        name: "task.cancelled",
        task: 7,
        ...CALL,
        attempt: 1,
        instances: "[7]",
        ref: "order-7",
        reason: "its claim was lost: the task was cancelled",
      },
    ]);
  });

  test("is not said to be cancelled where its task was put back", async () => {
    found = { ...row, state: "ready" };
    run(7, 0, "none");
    for (let time = 0; time < 3; time++) await tick();
    found = row;
    expect([terminated, counted]).toEqual([1, []]);
    expect(events).toMatchObject([
      { name: "task.interrupted", attempt: 2, reason: expect.stringContaining("was put back") },
    ]);
  });

  test("is ended too where its task was cleaned meanwhile", async () => {
    found = null;
    run(7, 0, "none");
    for (let time = 0; time < 3; time++) await tick();
    found = row;
    expect(terminated).toBe(1);
    expect(events).toMatchObject([
      { name: "log.note", message: expect.stringContaining("task 7") },
    ]);
  });

  test("and that uses its signal is told, and has a grace to end by itself", async () => {
    run(7, 0, "none");
    progress.signalTaken();
    for (let time = 0; time < 3; time++) await tick();
    expect([told, terminated]).toEqual([["cancel"], 0]);
    now += 4_999;
    await tick();
    expect([told, terminated, counted]).toEqual([["cancel"], 0, []]);
    now += 1;
    await tick();
    expect([told, terminated, counted.length]).toEqual([["cancel"], 1, 1]);
    expect(events).toMatchObject([{ name: "task.cancelled", task: 7 }]);
  });

  test("is not ended where its commit was only just made, nor is the run after it", async () => {
    run(7, 0, "none");
    await tick();
    await tick(); // between the commit of the run and the moment at which its thread notes its end
    run(8, 0, "none");
    await tick();
    await tick();
    expect(terminated).toBe(0);
  });
});
