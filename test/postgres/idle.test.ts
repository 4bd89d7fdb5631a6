/** The statements that a worker without tasks sends to PostgreSQL, and the connections that it keeps. */
import { expect, jest, test } from "bun:test";
import { monotonicNow } from "../../src/clock.ts";
import { useFakeTimers } from "../support/fake-timers.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, makePostgresDatabase, type TestDatabase } from "../support/postgres.ts";
import { claim, newTask, OWNER, pushOne, withSession } from "../support/store.ts";
import { until } from "../support/until.ts";
import { countStatements } from "./statements.ts";
import { makeWorkerStore } from "./support.ts";

const LOOK = { queues: [], limit: 2, worker: "worker-1" };

async function connectionsOf(database: TestDatabase): Promise<number> {
  const rows = await database.run(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tq test'",
  );
  return rows.length;
}

needs("postgres").describe("a worker without tasks on PostgreSQL", () => {
  test("learns by its look whether a worker is dead and a recurring task has changed", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    const { store } = made;
    using sent = countStatements();
    await store.look(LOOK);
    expect(await store.cron.version()).toBe(await store.cron.version());
    expect(await store.rescueDead(3)).toEqual([]);
    expect(sent.count).toBe(1);
  });

  test("asks which worker is dead where its look has seen one", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    await database.run(`
      INSERT INTO tq.worker (id, pid, host, boot_id, pid_space, application, started_at, threads, queues)
      VALUES ('worker-2', 1, 'elsewhere', 'b', '', 'tq', 1, 1, '[]')`);
    await made.store.look(LOOK);
    using sent = countStatements();
    await made.store.rescueDead(3);
    expect(sent.count).toBe(1);
  });

  test("asks which worker is dead as soon as it has seen that another one holds a task", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    const { store } = made;
    await store.look(LOOK);
    await pushOne(store);
    await claim(store, { owner: { worker: "worker-2", thread: 1 } });
    await store.look(LOOK); // soon after the first: it tells no signs
    using sent = countStatements();
    await store.rescueDead(3);
    expect(sent.count).toBeGreaterThan(0);
  });

  test("learns by its look whether there is anything to count", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    const { store } = made;
    using sent = countStatements();
    const version = store.countsVersion();
    await store.look(LOOK);
    expect(await version).toBeNull();
    expect(sent.count).toBe(1);
  });

  test("sends a statement in two seconds in which nothing happens, and no other", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    const { store } = made;
    using sent = countStatements();
    useFakeTimers();
    try {
      for (let look = 1; look <= 10; look++) {
        const version = store.countsVersion();
        await store.look(LOOK);
        await Promise.all([version, store.cron.version(), store.rescueDead(3)]);
        await store.checkAlive("worker-1");
        jest.advanceTimersByTime(2_000);
        expect(sent.count).toBe(look);
      }
    } finally {
      jest.useRealTimers();
    }
  });

  test("is not woken for its proof of life for as long as its looks are answered", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    const { store } = made;
    useFakeTimers();
    try {
      for (let look = 1; look <= 3; look++) {
        await store.look(LOOK);
        const before = monotonicNow();
        jest.advanceTimersToNextTimer();
        expect(monotonicNow() - before).toBeGreaterThan(2_000);
      }
    } finally {
      jest.useRealTimers();
    }
  });

  test("learns by its look whether a webhook has an end to tell", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    const { store } = made;
    await store.look(LOOK);
    using sent = countStatements();
    await store.webhooks.changed(0, ["shop"], 20, new AbortController().signal);
    expect(sent.count).toBe(0);
    await database.run("INSERT INTO tq.ended (task, ended_at) VALUES (1, 1)");
    await store.look(LOOK);
    await store.webhooks.changed(0, ["shop"], 60_000, new AbortController().signal);
    expect(sent.count).toBe(2);
  });

  test("takes no task of its own for one of another worker when it looks for a crowd that is due", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    const { store } = made;
    await store.push([newTask()]);
    await store.claim({ owner: { worker: "worker-1", thread: 1 }, queues: [], limit: 1 });
    await store.look(LOOK);
    useFakeTimers();
    jest.advanceTimersByTime(2_000);
    jest.useRealTimers();
    expect(await store.makeCrowdReady()).toBe(false);
    using sent = countStatements();
    expect(await store.rescueDead(3)).toEqual([]);
    expect(sent.count).toBe(0);
  });

  test("claims what it was woken for by one statement", async () => {
    await using subject = await makePostgres();
    const id = await pushOne(subject.store.silence()); // a NOTIFY would count too
    using sent = countStatements();
    const claimed = await subject.store.claim({ owner: OWNER, queues: ["default"], limit: 1 });
    expect(claimed).toMatchObject([{ id }]);
    expect(sent.count).toBe(1);
  });

  test("tells nobody of a task that has finished", async () => {
    await using subject = await makePostgres();
    const { store } = subject;
    const id = await pushOne(store.silence());
    const [task] = await store.claim({ owner: OWNER, queues: [], limit: 1 });
    let told = 0;
    store.onCommit(() => (told += 1));
    await withSession(store, async (session) => {
      await session.settle(
        { id, claim: task?.claim ?? 0 },
        { kind: "finished", result: null, reason: null },
      );
      await session.commit();
    });
    expect((await store.get(id))?.state).toBe("finished");
    expect(told).toBe(0);
  });

  test("begins no second transaction for a claim behind the last task", async () => {
    await using subject = await makePostgres();
    const { store } = subject;
    await pushOne(store.silence());
    const claim = { owner: OWNER, queues: [], limit: 1 };
    const [task] = await store.claim(claim);
    using sent = countStatements();
    await withSession(store, async (session) => {
      await session.settle(task ?? { id: 0, claim: 0 }, {
        kind: "finished",
        result: null,
        reason: null,
      });
      expect(await session.commit({ handBack: [], claim })).toEqual([]);
    });
    // BEGIN, the end of the run, the claim, COMMIT; and what else there is to do.
    expect(sent.count).toBe(5);
  });

  test("needs two statements to learn that another has claimed the task", async () => {
    await using subject = await makePostgres();
    await subject.store.ready();
    using sent = countStatements();
    expect(await subject.store.claim({ owner: OWNER, queues: [], limit: 1 })).toEqual([]);
    expect(sent.count).toBe(2);
  });

  test("writes nothing where it was woken, and another has claimed the task", async () => {
    await using subject = await makePostgres();
    await subject.store.ready();
    const before = await subject.database.written();
    expect(await subject.store.claim({ owner: OWNER, queues: [], limit: 1 })).toEqual([]);
    expect(await subject.database.written()).toBe(before);
  });

  test("does not read recurring tasks again where others push", async () => {
    await using subject = await makePostgres();
    const before = await subject.store.cron.version();
    await subject.open().push([newTask()]);
    expect(await subject.store.cron.version()).toBe(before);
  });

  test("closes the connections that it has not used for 10 s, but one", async () => {
    await using subject = await makePostgres();
    const { store, database } = subject;
    useFakeTimers();
    try {
      await Promise.all([1, 2, 3].map((id) => store.get(id)));
      jest.advanceTimersByTime(9_000);
      expect(await connectionsOf(database)).toBe(3);
      jest.advanceTimersByTime(1_000);
    } finally {
      jest.useRealTimers();
    }
    await until(async () => expect(await connectionsOf(database)).toBe(1));
    expect(await store.get(1)).toBeNull();
  });
});
