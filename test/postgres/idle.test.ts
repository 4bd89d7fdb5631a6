/** The statements that a worker without tasks sends to PostgreSQL, and the connections that it keeps. */
import { expect, jest, spyOn, test } from "bun:test";
import { monotonicNow } from "../../src/clock.ts";
import { CommitWatch } from "../../src/postgres/commit-watch.ts";
import { Connection } from "../../src/postgres/connection.ts";
import { LOCK_CLASS } from "../../src/postgres/locks.ts";
import { PostgresWorkerStore } from "../../src/postgres/worker-store.ts";
import { errorOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, makePostgresDatabase, type TestDatabase } from "../support/postgres.ts";
import { newTask, OWNER, pushOne, withSession } from "../support/store.ts";
import { until } from "../support/until.ts";
import { countStatements } from "./statements.ts";

/** Ends the connections that prove lives. */
const END_LIVES = `
  SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = ${LOCK_CLASS} AND granted`;

const LOOK = { queues: [], limit: 2, worker: "worker-1" };

/** The store of a worker that has signed on. */
async function makeWorkerStore(url: string) {
  const folder = makeFolder();
  const store = new PostgresWorkerStore({ url, folder: folder.path });
  await store.register({ id: "worker-1", pid: process.pid, threads: 2, queues: [] });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      folder[Symbol.dispose]();
    },
  };
}

/** Arms a watch again at each of its looks, as a worker does whose looks find nothing. */
function watchIdle(store: PostgresWorkerStore) {
  const watch = store.watch({ hint: () => watch.arm(), look: () => watch.arm() });
  watch.arm();
  return { [Symbol.dispose]: () => watch.disarm() };
}

/** Does this while others cannot change the rows of workers. */
async function whileLocked<T>({ url }: TestDatabase, fn: () => Promise<T>): Promise<T> {
  const sql = new Bun.SQL(url, { max: 1 });
  await sql.unsafe("BEGIN; SELECT FROM tq.worker FOR UPDATE").simple();
  try {
    return await fn();
  } finally {
    await sql.close({ timeout: 0 });
  }
}

async function becomesIdle(database: TestDatabase): Promise<void> {
  await until(async () => {
    expect(await database.run("SELECT idle FROM tq.worker")).toEqual([{ idle: true }]);
  }, 10_000);
}

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
    jest.useFakeTimers();
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
    jest.useFakeTimers();
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

  test("wakes a thread by a notification before it asks the server", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    using sent = countStatements();
    const { promise, resolve } = Promise.withResolvers<number>();
    const watch = made.store.watch({ hint: () => resolve(sent.count), look: () => {} });
    watch.arm();
    await until(async () => {
      const [worker] = await database.run("SELECT idle FROM tq.worker");
      expect(worker).toEqual({ idle: true });
    });
    const before = sent.count;
    await database.run("SELECT pg_notify('tq', '')");
    expect(await promise).toBe(before);
    watch.disarm();
  });

  test("says so again where it could not change its row", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    const sending = spyOn(Connection.prototype, "run");
    using _watching = await whileLocked(database, async () => {
      const watching = watchIdle(made.store);
      await until(() => expect(sending.mock.results).toHaveLength(1));
      expect(await errorOf(sending.mock.results[0]?.value as Promise<number>)).toMatchObject({
        code: "busy",
      });
      return watching;
    });
    sending.mockRestore();
    await becomesIdle(database);
  });

  test("says so again where its proof of life is lost as it does", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    using _watching = await whileLocked(database, async () => {
      const watching = watchIdle(made.store);
      await until(async () => {
        expect(await database.run("SELECT FROM pg_locks WHERE NOT granted")).toHaveLength(1);
      });
      await database.run(END_LIVES);
      return watching;
    });
    await becomesIdle(database);
  });

  test("says so again where the server may have forgotten it", async () => {
    const told: boolean[] = [];
    const watch = new CommitWatch({ hint() {}, look() {} }, async (isIdle) => void told.push(isIdle));
    watch.arm();
    await until(() => expect(told).toEqual([true]));
    watch.renew();
    watch.disarm();
    expect(told).toEqual([true, true]);
  });

  test("says one after another whether it is idle, and the last word counts", async () => {
    const answers = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const told: boolean[] = [];
    const watch = new CommitWatch({ hint() {}, look() {} }, (isIdle) => {
      told.push(isIdle);
      return answers[told.length - 1]?.promise ?? Promise.resolve();
    });
    jest.useFakeTimers();
    try {
      watch.arm();
      watch.disarm();
      jest.advanceTimersByTime(1_000);
      expect(told).toEqual([true]); // its answer is not there yet
    } finally {
      jest.useRealTimers();
    }
    answers[0]?.resolve();
    await until(() => expect(told).toEqual([true, false]));
    watch.arm();
    answers[1]?.resolve();
    await until(() => expect(told).toEqual([true, false, true]));
    watch.disarm();
  });

  test("looks for more tasks once the thread that a notification has woken may have claimed", async () => {
    const told: string[] = [];
    const events = { hint: () => told.push("hint"), look: () => told.push("look") };
    const watch = new CommitWatch(events, async () => {});
    jest.useFakeTimers();
    try {
      watch.arm();
      watch.notified();
      expect(told).toEqual(["hint"]);
      jest.advanceTimersByTime(2);
      expect(told).toEqual(["hint", "look"]);
      watch.notified();
      expect(told).toEqual(["hint", "look", "look"]);
    } finally {
      jest.useRealTimers();
      watch.disarm();
    }
  });

  test("wakes no thread early where notifications come one after another", async () => {
    await using database = await makePostgresDatabase();
    await using made = await makeWorkerStore(database.url);
    let [hints, looks] = [0, 0];
    const watch = made.store.watch({ hint: () => (hints += 1), look: () => (looks += 1) });
    watch.arm();
    await database.run(
      "DO $$ BEGIN FOR n IN 1..5 LOOP PERFORM pg_notify('tq', n::text); END LOOP; END $$",
    );
    await until(() => expect(looks).toBe(5));
    expect(hints).toBe(1);
    watch.disarm();
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
    jest.useFakeTimers();
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
