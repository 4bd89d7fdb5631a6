/** How often a transaction waits for PostgreSQL: over a network each wait is a round trip. */
import { expect, test } from "bun:test";
import { countFlights } from "../support/flights.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { newTask, OWNER, withSession } from "../support/store.ts";
import { inSession, table } from "./support.ts";

const ITEM = table("item", { n: "INTEGER" });
const NEXT = { owner: OWNER, queues: [], limit: 1 };

needs("postgres").describe("on PostgreSQL", () => {
  test("a push tells idle workers in its own round trip", async () => {
    await using pg = await makePostgres();
    await pg.database.run(`
      INSERT INTO tq.worker (id, pid, threads, started_at, idle, host, boot_id, pid_space, application, queues)
      VALUES ('idle', 1, 1, 0, true, '', '', '', '', '[]')`);
    let told = 0;
    await using listening = new Bun.SQL(pg.database.url, { max: 1 });
    await listening.listen("tq", () => (told += 1));
    using flights = countFlights(pg.database.url);
    const store = pg.open({ url: flights.url });
    const push = async () => {
      const before = told;
      await store.push([newTask()]);
      await until(() => expect(told).toBe(before + 1));
    };
    await push(); // the statements are prepared
    expect(await flights.during(push)).toBe(1);
  });

  test("a run that reads and saves a record waits three times, the last time with its commit and the next claim", async () => {
    await using pg = await makePostgres();
    await inSession(pg, async (records) => {
      await records.ensureTable(ITEM);
      await records.insert(ITEM, [0]);
    });
    using flights = countFlights(pg.database.url);
    const store = pg.open({ url: flights.url });
    await store.push(Array.from({ length: 3 }, () => newTask()));
    let [task] = await store.claim(NEXT);
    const waits: number[] = [];
    for (let n = 0; n < 2; n++) {
      await withSession(store, async (session) => {
        const { records } = session;
        await records.ensureTable(ITEM);
        const change = [{ column: "n", value: n + 1 }];
        const read = await flights.during(() => records.read(ITEM, [1]));
        const save = await flights.during(() => records.update(ITEM, 1, change, [1, n]));
        const end = await flights.during(async () => {
          await session.begin();
          if (task) session.finishAtCommit(task, null, null);
          [task] = await session.commit({ handBack: [], claim: NEXT });
        });
        waits.push(read, save, end);
      });
    }
    expect(waits.slice(3)).toEqual([1, 1, 1]); // the first time the statements are prepared, and the table is looked up
    expect(task).toMatchObject({ id: 3 });
    expect((await store.list()).map(({ state }) => state)).toEqual([
      "running",
      "finished",
      "finished",
    ]);
  });

  test("the runs of a batch that read and save a record each wait twice together: for their records, and with their commit", async () => {
    await using pg = await makePostgres();
    const ids = Array.from({ length: 20 }, (_, index) => index + 1);
    await inSession(pg, async (records) => {
      await records.ensureTable(ITEM);
      for (const _ of ids) await records.insert(ITEM, [0]);
    });
    using flights = countFlights(pg.database.url);
    const store = pg.open({ url: flights.url });
    await store.push(Array.from({ length: 60 }, () => newTask()));
    let tasks = await store.claim({ ...NEXT, limit: 20 });
    const waits: number[] = [];
    for (let n = 0; n < 2; n++) {
      await withSession(store, async (session) => {
        session.shareTransactions?.({ savepoints: false });
        const { records } = session;
        await records.ensureTable(ITEM);
        const all = await flights.during(async () => {
          await records.readAhead?.(ITEM, ids);
          for (const id of ids) {
            const [row = null] = await records.read(ITEM, [id]);
            await records.update(ITEM, id, [{ column: "n", value: n + 1 }], row);
          }
          for (const task of tasks) session.finishAtCommit(task, null, null);
          tasks = await session.commit({ handBack: [], claim: { ...NEXT, limit: 20 } });
        });
        waits.push(all);
      });
    }
    expect(waits[1]).toBe(2); // the first time the statements are prepared
    expect(tasks).toHaveLength(20);
    expect(await pg.database.run("SELECT DISTINCT n::float8 AS n FROM item")).toEqual([{ n: 2 }]);
  });

  test("the savepoints of a batch wait for no answer of their own", async () => {
    await using pg = await makePostgres();
    using flights = countFlights(pg.database.url);
    const store = pg.open({ url: flights.url });
    await store.push(Array.from({ length: 4 }, () => newTask()));
    const waits: number[] = [];
    for (let n = 0; n < 2; n++) {
      const tasks = await store.claim({ ...NEXT, limit: 2 });
      await withSession(store, async (session) => {
        session.shareTransactions?.({ savepoints: true });
        const all = await flights.during(async () => {
          await session.begin();
          for (const task of tasks) {
            void session.savepoint();
            void session.releaseSavepoint();
            session.finishAtCommit(task, null, null);
          }
          await session.commit();
        });
        waits.push(all);
      });
    }
    expect(waits[1]).toBe(1); // the first time the statements are prepared
    expect((await store.list({ states: ["finished"] })).map(({ id }) => id)).toHaveLength(4);
  });
});
