/** How a worker without tasks on PostgreSQL hears of commits. */
import { expect, jest, spyOn, test } from "bun:test";
import { CommitWatch } from "../../src/postgres/commit-watch.ts";
import { Connection } from "../../src/postgres/connection.ts";
import { LOCK_CLASS } from "../../src/postgres/locks.ts";
import type { PostgresWorkerStore } from "../../src/postgres/worker-store.ts";
import { CLAIM_MS } from "../../src/store/worker-store.ts";
import { errorOf } from "../support/error.ts";
import { useFakeTimers } from "../support/fake-timers.ts";
import { needs } from "../support/needs.ts";
import { makePostgresDatabase, type TestDatabase } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { countStatements } from "./statements.ts";
import { makeWorkerStore } from "./support.ts";

/** Ends the connections that prove lives. */
const END_LIVES = `
  SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = ${LOCK_CLASS} AND granted`;

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

needs("postgres").describe("a worker without tasks on PostgreSQL", () => {
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
    const watch = new CommitWatch(
      { hint() {}, look() {} },
      async (isIdle) => void told.push(isIdle),
    );
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
    useFakeTimers();
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
    useFakeTimers();
    try {
      watch.arm();
      watch.notified();
      expect(told).toEqual(["hint"]);
      jest.advanceTimersByTime(CLAIM_MS);
      expect(told).toEqual(["hint", "look"]);
      watch.notified();
      expect(told).toEqual(["hint", "look", "look"]);
    } finally {
      jest.useRealTimers();
      watch.disarm();
    }
  });

  test("looks once more a moment after a notification, as another may have claimed what it told of", () => {
    const looks: number[] = [];
    useFakeTimers();
    const watch = new CommitWatch(
      {
        hint() {},
        look() {
          looks.push(performance.now());
          watch.arm();
        },
      },
      async () => {},
    );
    try {
      watch.arm();
      const told = performance.now();
      watch.notified();
      jest.advanceTimersByTime(1_000);
      expect(looks.map((at) => at - told)).toEqual([CLAIM_MS, CLAIM_MS + 100]);
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
});
