/** Claims, settles and moves by hand of several processes at once on PostgreSQL. */
import { expect, test } from "bun:test";
import type { PostgresStore } from "../../src/postgres/store.ts";
import type { ClaimOptions } from "../../src/store/session.ts";
import type { ClaimedTask } from "../../src/task.ts";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestDatabase, type TestPostgres } from "../support/postgres.ts";
import { claim, claimFirst, newTask, OWNER, pushOne, withSession } from "../support/store.ts";
import { until } from "../support/until.ts";

/** Claims and finishes until nothing is left, as a thread does; returns all that it has claimed. */
async function drain(store: PostgresStore, options: ClaimOptions): Promise<ClaimedTask[]> {
  const all: ClaimedTask[] = [];
  await withSession(store, async (session) => {
    for (;;) {
      const tasks = await session.commit({ handBack: [], claim: options });
      all.push(...tasks);
      for (const task of tasks) session.finishAtCommit(task, null, null);
      if (tasks.length > 0) await session.begin();
      else if ((await store.look({ ...options, worker: options.owner.worker })).ready === 0) return;
    }
  });
  return all;
}

/** Sixteen threads of four processes. */
function drainTogether(
  made: TestPostgres,
  options: { queues: string[]; limit: number },
): Promise<ClaimedTask[][]> {
  const stores = Array.from({ length: 4 }, () => made.open());
  const threads = stores.flatMap((store, at) =>
    [1, 2, 3, 4].map((thread) => ({ store, owner: { worker: `worker-${at}`, thread } })),
  );
  return Promise.all(threads.map(({ store, owner }) => drain(store, { owner, ...options })));
}

/** Waits until so many statements wait for a lock. */
async function untilBlocked(database: TestDatabase, count = 1): Promise<void> {
  await until(async () => {
    const rows = await database.run(
      "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    expect(rows).toHaveLength(count);
  });
}

/** Puts many tasks into the table at once: those before `id` have finished, the others are ready. */
async function fill(database: TestDatabase, tasks: number, finished: number): Promise<void> {
  await database.run(`
    INSERT INTO tq.task (enqueued_at, finished_at, deadline, "user", priority, state, queue, model, method, instances, args, context)
    SELECT 1, CASE WHEN n <= ${finished} THEN 2 END, n, 0, 0, CASE WHEN n <= ${finished} THEN 'finished' ELSE 'ready' END,
           'q' || n % 20, 'sale', 'process', '[7]', '[]', '{}'
      FROM generate_series(1, ${tasks}) AS n`);
}

interface Reads {
  readonly whole: number;
  readonly entries: number;
}

/** How often the table was read as a whole, and how many entries of its indexes were read, by sessions that have ended. */
async function readsOf(database: TestDatabase): Promise<Reads> {
  const [row] = await database.run(`
    SELECT pg_stat_clear_snapshot(), seq_scan::float8 AS whole,
           (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relid = t.relid)::float8 AS entries
      FROM pg_stat_user_tables AS t WHERE relid = 'tq.task'::regclass`);
  return row as unknown as Reads;
}

needs("postgres").describe("on PostgreSQL", () => {
  test.each([
    ["one queue", ["default"], ["default"]],
    ["several queues by name", ["a", "b", "c"], ["a", "b", "c"]],
    ["every queue", [], ["a", "b", "c"]],
  ])(
    "sixteen threads claim and finish each task once: %s",
    async (_words, queues, names) => {
      await using made = await makePostgres();
      const { store } = made;
      const pushed = await store.push(
        Array.from({ length: 2_000 }, (_, at) =>
          newTask({ queue: names[at % names.length] as string, priority: at % 3 }),
        ),
      );
      const claimed = (await drainTogether(made, { queues, limit: 7 })).flat();
      expect(claimed.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(pushed);
      expect(
        await made.database.run("SELECT DISTINCT state, attempts, worker FROM tq.task"),
      ).toEqual([{ state: "finished", attempts: 1, worker: null }]);
    },
    60_000,
  );

  test("threads that claim due tasks at once make each of them ready once", async () => {
    await using made = await makePostgres();
    const { store, clock } = made;
    const at = clock.now() + 1_000;
    const pushed = await store.push(
      Array.from({ length: 1_200 }, () => newTask({ scheduledAt: at })),
    );
    clock.advance(1_000);
    const claimed: number[] = [];
    while (claimed.length < pushed.length) {
      for (const tasks of await drainTogether(made, { queues: [], limit: 50 })) {
        claimed.push(...tasks.map(({ id }) => id));
      }
    }
    expect(claimed.toSorted((a, b) => a - b)).toEqual(pushed);
  }, 60_000);

  test("two threads of a worker that claim at once get one suspect between them", async () => {
    await using made = await makePostgres();
    const { store } = made;
    await store.push([newTask(), newTask()]);
    for (const task of await claim(store, { limit: 2 })) {
      await store.write((session) =>
        session.settle(task, { kind: "crashed", reason: "it died", maxCrashes: 9 }),
      );
    }
    const other = made.open();
    const of = (one: PostgresStore, thread: number) =>
      one.claim({ owner: { worker: "worker-1", thread }, queues: [], limit: 10 });
    const claimed = await Promise.all([of(store, 1), of(other, 2), of(store, 3), of(other, 4)]);
    expect(claimed.flat()).toMatchObject([{ suspect: true }]);
  });

  test("a commit whose claim is taken away while it waits keeps nothing", async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    const id = await pushOne(store);
    const more = await pushOne(store, { queue: "more" });
    const task = await claimFirst(store);
    const other = made.open();
    await withSession(other, async (canceller) => {
      await canceller.begin();
      await canceller.cancel(id);
      await withSession(store, async (session) => {
        await session.begin();
        const pushed = await session.push([newTask()]);
        session.finishAtCommit(task, null, null);
        const next = { owner: OWNER, queues: ["more"], limit: 1 };
        const committing = errorOf(session.commit({ handBack: [], claim: next }));
        await untilBlocked(database);
        await canceller.commit();
        expect(await committing).toMatchObject({
          code: "conflict",
          message: "Cannot commit: one of its tasks has lost its claim",
        });
        expect(await store.standings(pushed)).toEqual([]);
        expect(await store.get(id)).toMatchObject({
          state: "cancelled",
          reason: "cancelled by hand",
        });
        expect(await store.get(more)).toMatchObject({ state: "ready", attempts: 0 });
      });
    });
  });

  test("a cancel waits for a run that is being settled, and then finds it finished", async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    const id = await pushOne(store);
    const task = await claimFirst(store);
    const other = made.open();
    await withSession(store, async (session) => {
      await session.begin();
      expect(await session.lostClaims([task])).toEqual([]);
      const cancelling = errorOf(other.cancel(id));
      await untilBlocked(database);
      session.finishAtCommit(task, null, null);
      await session.commit();
      expect(await cancelling).toMatchObject({
        code: "conflict",
        message: `Cannot cancel task ${id}: it is finished already`,
      });
    });
  });

  test("settles of batches, cancels of many and cleaning at once do not deadlock", async () => {
    await using made = await makePostgres({ timeout: 20_000 });
    const { store, clock } = made;
    const ids = await store.push(Array.from({ length: 1_000 }, () => newTask()));
    const [canceller, cleaner] = [made.open(), made.open()];
    await Promise.all([canceller.ready(), cleaner.ready()]); // to connect takes longer than many claims
    let cancelled = 0;
    let cleaned = 0;
    const finished = Promise.all(
      [1, 2, 3, 4].map(async (thread) => {
        let count = 0;
        for (;;) {
          const owner = { worker: "worker-1", thread };
          const tasks = await store.claim({ owner, queues: [], limit: 20 });
          if (tasks.length === 0) return count;
          count += await store
            .write(async (session) => {
              for (const task of tasks) session.finishAtCommit(task, null, null);
              return tasks.length;
            })
            .catch((error: { code: string }) => {
              if (error.code !== "conflict") throw error;
              return 0; // one of them was cancelled: the others are claimed until the worker dies
            });
        }
      }),
    );
    for (let start = 0; start < ids.length; start += 100) {
      const some = ids.slice(start, start + 100).filter((id) => id % 7 === 0);
      const filter = { states: ["ready", "running"] } as const;
      cancelled += await canceller.moveMany({ kind: "cancel" }, some.toReversed(), filter);
      const before = clock.now() + 1;
      cleaned += await cleaner.clean({ finishedBefore: before, failedBefore: before, limit: 50 });
    }
    expect(await finished).toHaveLength(4);
    expect(cancelled).toBeGreaterThan(0);
    expect(cleaned).toBeGreaterThan(0);
  }, 60_000);

  test("two that clean at once delete each task once", async () => {
    await using made = await makePostgres();
    const { database, clock } = made;
    await made.store.ready();
    await fill(database, 3_000, 3_000);
    const before = clock.now();
    const clean = async (store: PostgresStore) => {
      let count = 0;
      for (let slice = 0; slice < 20; slice++) {
        count += await store.clean({ finishedBefore: before, failedBefore: before, limit: 200 });
      }
      return count;
    };
    const counts = await Promise.all([clean(made.open()), clean(made.open()), clean(made.open())]);
    expect(counts.reduce((sum, count) => sum + count)).toBe(3_000);
    expect(await database.run("SELECT 1 FROM tq.task")).toHaveLength(0);
  });

  test("a claim, a settle and a look read a few rows of two hundred thousand", async () => {
    await using made = await makePostgres();
    const { database } = made;
    await made.store.ready();
    await fill(database, 200_000, 100_000);
    await pushOne(made.store, { scheduledAt: made.clock.now() + 1 });
    await made.store.close();
    const rounds = 30;
    for (const analyzed of [false, true]) {
      if (analyzed) await database.run("ANALYZE tq.task");
      const before = await readsOf(database);
      const store = made.open();
      for (let round = 0; round < rounds; round++) {
        const queues = [["q1"], ["q1", "q2", "q3"], [], ["q*"]][round % 4] as string[];
        await store.look({ queues, limit: 5, worker: "worker-1" });
        const [first, ...rest] = await store.claim({ owner: OWNER, queues, limit: 5 });
        await store.write(async (session) => {
          await session.lostClaims(rest);
          for (const task of rest) session.finishAtCommit(task, null, null);
        });
        const error = { name: "Error", message: "no", stack: null };
        await store.write((session) =>
          session.settle(first as ClaimedTask, { kind: "retry", delay: 1e9, error }),
        );
        await store.cancel((first as ClaimedTask).id);
        await store.retry((first as ClaimedTask).id);
        await store.clean({ finishedBefore: 3, failedBefore: 3, limit: 5 });
      }
      await store.close();
      await until(async () => {
        const { whole, entries } = await readsOf(database);
        expect(entries).toBeGreaterThan(before.entries);
        expect(whole - before.whole).toBe(0);
        expect((entries - before.entries) / rounds).toBeLessThan(1_000);
      });
    }
  }, 60_000);
});
