/** Whose locks a task waits for. */
import { expect, test } from "bun:test";
import type { PostgresStore } from "../../src/postgres/store.ts";
import { whyOf } from "../../src/tasks/why/why.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { claim, pushOne } from "../support/store.ts";
import { until } from "../support/until.ts";

/** A transaction of another program that has run this and stays open. */
async function openPsql({ database }: TestPostgres, statement: string) {
  const sql = new Bun.SQL(database.url, { max: 1, connection: { application_name: "psql" } });
  const [row] = (await sql.unsafe("SELECT pg_backend_pid() AS pid")) as { pid: number }[];
  await sql.unsafe(`BEGIN; ${statement}`).simple();
  return {
    pid: row?.pid ?? 0,
    async [Symbol.asyncDispose]() {
      await sql.close({ timeout: 0 });
    },
  };
}

async function whyTask(store: PostgresStore, id: number) {
  const situation = await store.situation({ id });
  if (situation === null) throw new Error("There is no such task");
  const { locker = null } = situation;
  const known = { mode: "worker", policy: null } as const;
  // Times differ from run to run.
  const shown = locker && { ...locker, age: locker.age === null ? null : 180_000 };
  return whyOf(
    { ...situation, now: situation.task.dequeued_at ?? situation.now, locker: shown },
    known,
  );
}

async function untilLocked(store: PostgresStore, id: number): Promise<void> {
  await until(async () => expect((await whyTask(store, id)).cause).toBe("locked"));
}

const WORKER = { id: "worker-1", pid: 1234, threads: 1, queues: [] };
const MAKE = "CREATE TABLE public.stock (id integer PRIMARY KEY, count integer)";

needs("postgres").describe("why a task does not go on", () => {
  test("names the connection that has locked a row that its run waits for", async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    await store.register(WORKER);
    await database.run(`${MAKE}; INSERT INTO stock VALUES (1, 5), (2, 5)`);
    const id = await pushOne(store);
    await claim(store, { owner: { worker: "worker-1", thread: 1 } });
    expect((await whyTask(store, id)).cause).toBe("running");
    const psql = await openPsql(made, "UPDATE stock SET count = 4 WHERE id = 1");
    const thread = made.open({ thread: 1 });
    const waiting = thread.write(async (session) =>
      session.sql("UPDATE stock SET count = 3 WHERE id = 1", []),
    );
    await untilLocked(store, id);
    const { sentence, command } = await whyTask(store, id);
    expect(sentence).toMatch(
      new RegExp(
        `^Task ${id} has run for 0 ms on thread 1 of \\S+ pid 1234, and waits for a row that pid ${psql.pid} of the server \\("psql", role \\w+\\) has locked for 3 min$`,
      ),
    );
    expect(command).toBe(`SELECT pg_terminate_backend(${psql.pid})`);
    await psql[Symbol.asyncDispose]();
    await waiting;
    expect((await whyTask(store, id)).cause).toBe("running");
  });

  test("names the task that has locked it, where that is of a worker", async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    await store.register({ ...WORKER, threads: 2 });
    await database.run(`${MAKE}; INSERT INTO stock VALUES (1, 5)`);
    const [first, second] = [await pushOne(store), await pushOne(store)];
    await claim(store, { owner: { worker: "worker-1", thread: 1 } });
    await claim(store, { owner: { worker: "worker-1", thread: 2 } });
    const [one, two] = [made.open({ thread: 1 }), made.open({ thread: 2 })];
    const session = one.session();
    await session.begin();
    await session.sql("UPDATE stock SET count = 4", []);
    const waiting = two.write(async (other) => other.sql("UPDATE stock SET count = 3", []));
    await untilLocked(store, second);
    expect(await whyTask(store, second)).toMatchObject({
      sentence: expect.stringContaining(`waits for a row that task ${first} has locked for 3 min`),
      command: `tq why ${first}`,
    });
    expect((await whyTask(store, first)).cause).toBe("running");
    await session.commit();
    await one.release(session);
    await waiting;
  });

  test("names the connection that has locked its own row: claims pass it over", async () => {
    await using made = await makePostgres();
    const { store } = made;
    await store.register(WORKER);
    const id = await pushOne(store);
    await using psql = await openPsql(made, `SELECT FROM tq.task WHERE id = ${id} FOR UPDATE`);
    await untilLocked(store, id);
    expect((await whyTask(store, id)).sentence).toMatch(
      new RegExp(
        `^Task ${id} waits, and no worker takes it: its row is one that pid ${psql.pid} of the server`,
      ),
    );
  });
});

needs("postgres").test(
  "the connections of a dead worker's threads are ended with its own",
  async () => {
    await using made = await makePostgres();
    const dead = made.open({ application: "tq dead" });
    const thread = made.open({ application: "tq dead", thread: 1 });
    const namesake = made.open({ application: "tq dead2" });
    for (const store of [thread, namesake]) await store.ready();
    await dead.register(WORKER);
    await dead.killed(WORKER.id);
    await made.store.rescueDead(3);
    // The server ends a connection some time after it was told to.
    await until(async () => {
      const left = await made.database.run(
        "SELECT application_name AS name FROM pg_stat_activity WHERE application_name LIKE 'tq dead%' ORDER BY 1",
      );
      expect(left.map(({ name }) => name)).toEqual(["tq dead2"]);
    });
  },
);
