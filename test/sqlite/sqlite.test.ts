/** The store on SQLite: what every store does, and what is its own. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readdirSync, readlinkSync, renameSync } from "node:fs";
import { systemClock } from "../../src/clock.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { releaseLock } from "../../src/sqlite/file/liveness.ts";
import type { QueueStatus, ReadFilter } from "../../src/store/looking.ts";
import { DUE_SOON_MS } from "../../src/store/store.ts";
import { readAside } from "../support/aside.ts";
import { errorOf } from "../support/error.ts";
import { commitsIn } from "../support/wal.ts";
import { needs } from "../support/needs.ts";
import {
  claimFirst,
  makeStore,
  newTask,
  OWNER,
  pushOne,
  readyOf,
  type TestStore,
} from "../support/store.ts";
import { storeSuite } from "../store/suite/suite.ts";

storeSuite("SqliteStore", () => {
  const test = makeStore({ bootId: "boot" });
  return {
    store: test.store,
    clock: test.clock,
    open: (options = {}) => test.open(options),
    kill: (worker) => releaseLock(test.path, worker),
    commits: () => commitsIn(test.path),
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
});

describe("looking at very many tasks", () => {
  /** They are not counted in one piece. */
  const MANY_QUEUES = 1_500;

  /** Tasks by hand: pushing them takes longer. */
  function fill(
    { path }: TestStore,
    first: number,
    count: number,
    state: string,
    queues = 3,
  ): void {
    using db = new Database(path, { strict: true });
    db.query(
      `INSERT INTO tq__task (id, state, queue, priority, deadline, model, method, instances, args, user, context,
                             enqueued_at, scheduled_at, finished_at)
       WITH RECURSIVE task (id) AS (VALUES ($first) UNION ALL SELECT id + 1 FROM task WHERE id < $first + $count - 1)
       SELECT id, $state, 'q' || (id % $queues), 0, 0, 'sale', 'process', '7', '[]', 0, '{}', 0,
              iif($state = 'scheduled', 1e15, NULL), iif($state IN ('failed', 'finished'), 0, NULL)
         FROM task`,
    ).run({ first, count, state, queues });
  }

  test("counts them as the view does, in parts, as they were when it began", async () => {
    await using subject = makeStore();
    const { store, path } = subject;
    for (const [at, state] of ["scheduled", "ready", "failed", "finished"].entries()) {
      fill(subject, at * 10_000 + 1, 4_000, state, MANY_QUEUES);
    }
    await pushOne(store);
    await claimFirst(store, { queues: ["default"] });
    using db = new Database(path, { readonly: true });
    const said = db.query("SELECT * FROM tq_queues ORDER BY queue").all();
    expect(said).toHaveLength(MANY_QUEUES + 1);
    const counting = store.status();
    await store.push(Array.from({ length: 10 }, () => newTask({ queue: "late" })));
    expect((await counting).queues).toEqual(
      (said as QueueStatus[]).map((queue) => ({ ...queue, served: false, paused: false })),
    );
    expect((await store.status()).queues).toContainEqual({
      queue: "late",
      scheduled: 0,
      ready: 10,
      running: 0,
      failed: 0,
      served: false,
      paused: false,
    });
  });

  test("counts so many ready tasks of a queue, and says that there are more", async () => {
    await using subject = makeStore();
    const { store } = subject;
    fill(subject, 1, 150_000, "ready"); // 50,000 in each of three queues
    await pushOne(store, { queue: "q1" });
    const none = { scheduled: 0, running: 0, failed: 0, served: false, paused: false };
    const least = { at_least: true, least: ["ready"] };
    const queue = (name: string, ready: number) => ({ queue: name, ...none, ready });
    expect((await store.status()).queues).toEqual([
      queue("q0", 50_000),
      { ...queue("q1", 50_000), ...least },
      queue("q2", 50_000),
    ] as QueueStatus[]);
    await store.push(Array.from({ length: 49_000 }, () => newTask({ queue: "more" })));
    await store.push(Array.from({ length: 11 }, () => newTask({ queue: "z" })));
    const last = (await store.status()).queues.filter(({ queue: name }) => name > "q1");
    expect(last).toEqual([
      { ...queue("q2", 1_000), ...least }, // the last of 150,000 tasks
      { ...queue("z", 10), ...least },
    ] as QueueStatus[]);
  }, 30_000);

  test("never touches a file that has come into the place of the database, nor the log", async () => {
    await using subject = makeStore();
    const { store, path } = subject;
    using db = new Database(path);
    db.run("VACUUM INTO ?", [`${path}-backup`]);
    fill(subject, 1, 12_000, "ready", MANY_QUEUES);
    renameSync(path, `${path}-away`);
    expect(await errorOf(store.status())).toMatchObject({ code: "database" });
    renameSync(`${path}-backup`, path);
    const before = [path, `${path}-wal`].map((file) => readAside(file));
    expect(await errorOf(store.status())).toMatchObject({
      code: "database",
      message: expect.stringContaining("was deleted or replaced while it was in use"),
    });
    expect([path, `${path}-wal`].map((file) => readAside(file))).toEqual(before);
    renameSync(`${path}-away`, path);
    expect(await readyOf(subject.open(), [], 20_000)).toBe(12_000);
  });

  test("finds the few that match, wherever they are, and lets others go meanwhile", async () => {
    await using subject = makeStore();
    const { store } = subject;
    fill(subject, 1, 3, "failed");
    fill(subject, 100_000, 40_000, "ready");
    fill(subject, 700_000, 10, "finished");
    const ids = async (filter: ReadFilter) => (await store.list(filter)).map(({ id }) => id);
    let turns = 0;
    let counting = setImmediate(function count() {
      turns += 1;
      counting = setImmediate(count);
    });
    expect(await ids({ user: 77 })).toEqual([]);
    clearImmediate(counting);
    expect(turns).toBeGreaterThan(5); // a turn after each 5,000 of 40,013 tasks
    expect(await ids({ states: ["failed"] })).toEqual([3, 2, 1]);
    expect(await ids({ states: ["failed"], limit: 2 })).toEqual([3, 2]);
    expect(await ids({ states: ["failed", "finished"], limit: 11 })).toEqual([
      ...Array.from({ length: 10 }, (_, index) => 700_009 - index),
      3,
    ]);
    expect(await ids({ queue: "q1", before: 100_001 })).toEqual([100_000, 1]);
    expect(await ids({ model: "none" })).toEqual([]);
    expect(await ids({ before: 2 })).toEqual([1]);
    expect(await ids({ before: 1 })).toEqual([]);
  });
});

needs("Linux").test("has two connections, however many transactions are under way", async () => {
  await using subject = makeStore();
  const { store } = subject;
  const sessions = Array.from({ length: 200 }, () => store.session());
  const began = sessions.map((session) => session.begin());
  await began[0];
  for (const session of sessions) await session.lostClaims([]);
  expect(openFiles(subject.path)).toBe(2 + 1); // one keeps the locks
  for (const [index, session] of sessions.entries()) {
    await began[index];
    await session.push([newTask()]);
    await session.commit();
  }
  expect(openFiles(subject.path)).toBe(2 + 1); // one keeps the locks
  expect(await store.list({ limit: 300 })).toHaveLength(200);
});

needs("Linux").test(
  "closes a connection that user code has changed with all that was prepared on it",
  async () => {
    await using subject = makeStore();
    const { store } = subject;
    for (let n = 0; n < 20; n++) {
      const session = store.session();
      const db = session.raw(false) as Database;
      db.run("CREATE TEMP TABLE work (x)");
      db.prepare("INSERT INTO work VALUES (1)").run();
      await session.commit();
      await store.release(session);
    }
    expect(openFiles(subject.path)).toBeLessThanOrEqual(2 + 1); // one keeps the locks
  },
);

needs("Linux").test(
  "closes everything when the last transaction that was under way has ended",
  async () => {
    await using subject = makeStore();
    const store = subject.open({ durability: "full" });
    const session = store.session();
    await session.push([newTask()]);
    await store.close();
    await session.commit();
    await store.release(session);
    // SQLite keeps those of the file itself as long as another connection of the process has it open.
    expect(openFiles(`${subject.path}-wal`)).toBe(1); // of the other store's reader
  },
);

describe("the claim of who has nothing else to do", () => {
  const options = { owner: OWNER, queues: [], limit: 1 };

  test.each([true, false])(
    "waits for what is due in a moment, where it may block: %p",
    async (blocking) => {
      await using subject = makeStore({ clock: systemClock, blocking });
      const { store } = subject;
      const scheduledAt = store.now() + 40;
      const id = await pushOne(store, { scheduledAt });
      expect(await store.claim(options)).toEqual([]);
      while (store.now() < scheduledAt - DUE_SOON_MS) await nextTurn();
      const [task] = await store.claim(options);
      expect(task?.id).toBe(id);
      expect(store.now()).toBeGreaterThanOrEqual(scheduledAt);
    },
  );

  test("does not wait for a clock that stands still", async () => {
    await using subject = makeStore();
    await pushOne(subject.store, { scheduledAt: subject.clock.now() + 1 });
    expect(await subject.store.claim(options)).toEqual([]);
  });
});

/** How many descriptors this process has on a file. */
function openFiles(path: string): number {
  const names = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return null; // the one that read the folder
    }
  });
  return names.filter((name) => name === path).length;
}

test("a count of what a list has left out ends after some ms, and says that there may be more", async () => {
  let time = 0;
  const clock = { now: () => 1_700_000_000_000, monotonic: () => (time += 4) };
  await using test = makeStore({ clock });
  await test.store.push(Array.from({ length: 6 }, () => newTask()));
  using db = new Database(test.path);
  db.run("UPDATE tq__task SET id = id * 30000"); // each in a part of its own
  const filter = { user: newTask().user };
  expect(await test.store.countBefore(filter, 180_000)).toEqual({ count: 2, isAll: false });
  expect(await test.store.countBefore(filter, 60_000)).toEqual({ count: 1, isAll: true });
  expect(await test.store.countBefore({}, 180_000)).toEqual({ count: 5, isAll: true }); // an index counts
});
