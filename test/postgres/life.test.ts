/** Proof of life on PostgreSQL: locks that the server frees when a connection ends, whatever has ended it. */
import { expect, spyOn, test } from "bun:test";
import { Listener } from "../../src/postgres/listener.ts";
import { Poolers } from "../../src/postgres/poolers.ts";
import { Connection } from "../../src/postgres/connection.ts";
import { findDead } from "../../src/postgres/sql/rescue.ts";
import { claim, newTask, pushOne } from "../support/store.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { NO_PID } from "../store/suite/subject.ts";
import { errorOf, sentenceOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { until } from "../support/until.ts";
import { cutLives, WORKER } from "./lives.ts";
import { countStatements } from "./statements.ts";

function connect({ database: { url } }: TestPostgres): Promise<Connection> {
  return Connection.open({
    url,
    name: "shop",
    timeout: 5_000,
    lockTimeout: 0,
    application: "tq test",
  });
}

async function lifeOf({ database }: TestPostgres): Promise<number | undefined> {
  const [row] = (await database.run("SELECT life FROM tq.worker")) as { life: number }[];
  return row?.life;
}

/** The server commits, and its answer is lost with the connection. */
function loseFirstCommit() {
  const name = "command" as const;
  const command = Connection.prototype[name] as (text: string) => Promise<string>;
  let isLost = false;
  return spyOn(Connection.prototype, name).mockImplementation(async function (
    this: Connection,
    text: string,
  ) {
    const answer = await command.call(this, text);
    if (text !== "COMMIT" || isLost) return answer;
    isLost = true;
    await this.close();
    throw new Error("Connection closed");
  });
}

needs("postgres").describe("the life of a worker", () => {
  test("comes back with a new lock where its connection was cut, and nobody has missed it", async () => {
    await using made = await makePostgres();
    const { store } = made;
    const missed: string[] = [];
    let returns = 0;
    const told = { missed: (why: string) => missed.push(why), cameBack: () => (returns += 1) };
    await store.register({ ...WORKER, pid: process.pid, ...told });
    const before = await lifeOf(made);
    await cutLives(made);
    await until(async () => expect(await lifeOf(made)).not.toBe(before));
    await until(async () => expect(await made.open().isAlive("worker-1")).toBe(true));
    await until(() => expect([missed, returns]).toEqual([[], 1]));
    await store.checkAlive("worker-1");
  });

  test("is told when others have taken it for dead, and is registered anew", async () => {
    await using made = await makePostgres();
    const { store } = made;
    const missed: string[] = [];
    await store.register({ ...WORKER, pid: process.pid, missed: (why) => missed.push(why) });
    await made.database.run("DELETE FROM tq.worker");
    await cutLives(made);
    await until(() =>
      expect(missed).toEqual([expect.stringContaining("took this worker for dead")]),
    );
    await until(async () => expect(await store.isAlive("worker-1")).toBe(true));
  });

  test("is told so too where the answer to its being registered anew was lost", async () => {
    await using made = await makePostgres();
    const { store } = made;
    const missed: string[] = [];
    await store.register({ ...WORKER, pid: process.pid, missed: (why) => missed.push(why) });
    await made.database.run("DELETE FROM tq.worker");
    const commits = loseFirstCommit();
    await cutLives(made);
    await until(async () => expect(await store.isAlive("worker-1")).toBe(true));
    await until(() => expect(commits).toHaveBeenCalledWith("COMMIT"));
    await until(() =>
      expect(missed).toEqual([expect.stringContaining("took this worker for dead")]),
    );
    commits.mockRestore();
  });

  test("leaves no row where it is renewed as its worker signs off", async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    await store.register({ ...WORKER, pid: process.pid });
    await store.get(1); // a connection that does not prove its life is open
    const open = Connection.open.bind(Connection);
    const mayOpen = Promise.withResolvers<void>();
    const opened = spyOn(Connection, "open").mockImplementation(async (options) => {
      await mayOpen.promise;
      return open(options);
    });
    await cutLives(made);
    await until(() => expect(opened).toHaveBeenCalled());
    const leaving = store.unregister("worker-1");
    const workers = () => database.run("SELECT id FROM tq.worker");
    await until(async () => expect(await workers()).toEqual([]));
    mayOpen.resolve();
    await leaving;
    opened.mockRestore();
    expect(await workers()).toEqual([]);
  });

  test("cannot come back to a database that has no tables of tq any more", async () => {
    await using made = await makePostgres();
    const { store } = made;
    await store.register({ ...WORKER, pid: process.pid });
    await made.database.run("ALTER TABLE tq.worker RENAME TO gone");
    await cutLives(made);
    await until(async () =>
      expect(await sentenceOf(() => store.checkAlive("worker-1"))).toContain("cannot prove"),
    );
    await made.database.run("ALTER TABLE tq.gone RENAME TO worker"); // other tests get this database
  });

  test("is seen at once by the lock, by no other way", async () => {
    await using made = await makePostgres();
    await made.store.register({ ...WORKER, pid: NO_PID });
    expect(await made.open().isAlive("worker-1")).toBe(true);
    await made.store.killed("worker-1");
    expect(await made.open().isAlive("worker-1")).toBe(false);
  });
});

needs("postgres").describe("the rescue of a dead worker", () => {
  test("ends what its process has left on the server, which holds its rows", async () => {
    await using made = await makePostgres();
    const id = await pushOne(made.store);
    const dead = made.open({ application: "tq dead" });
    await dead.register({ ...WORKER, pid: NO_PID });
    const [held] = await claim(dead, { owner: { worker: "worker-1", thread: 1 } });
    if (!held) throw new Error("there is no task");
    const session = dead.session();
    await session.lostClaims([]);
    await session.begin();
    await session.settle(held, { kind: "finished", result: null, reason: null });
    await dead.killed("worker-1");
    expect(await made.store.rescueDead(3)).toMatchObject([{ tasks: [{ id, state: "ready" }] }]);
    expect((await errorOf(session.commit())).message).toContain(
      "connection to the server was lost",
    );
    expect((await made.store.get(id))?.state).toBe("ready");
  });

  test("takes as few round trips for many tasks as for one", async () => {
    const roundTrips: number[] = [];
    for (const threads of [1, 20]) {
      await using made = await makePostgres();
      await made.store.silence().push(Array.from({ length: threads }, () => newTask()));
      await made.store.register({ ...WORKER, pid: NO_PID });
      for (let thread = 1; thread <= threads; thread++) {
        await claim(made.store, { owner: { worker: "worker-1", thread } });
      }
      await made.store.killed("worker-1");
      using sent = countStatements();
      const [rescue] = await made.store.rescueDead(3);
      expect(rescue?.tasks).toHaveLength(threads);
      roundTrips.push(sent.roundTrips);
    }
    // The search for the dead; all that one holds; its tasks; the rest; the commit.
    expect(roundTrips).toEqual([5, 5]);
  });

  test("by ten at once is told to one, and puts each task back once", async () => {
    await using made = await makePostgres();
    await made.store.push(Array.from({ length: 40 }, () => newTask()));
    await made.store.register({ ...WORKER, pid: NO_PID });
    await claim(made.store, { owner: { worker: "worker-1", thread: 1 }, limit: 40 });
    await made.store.killed("worker-1");
    const others = Array.from({ length: 10 }, () => made.open({ connections: 2 }));
    const rescues = await Promise.all(others.map((other) => other.rescueDead(3)));
    expect(rescues.flat()).toMatchObject([{ worker: { id: "worker-1" } }]);
    expect(rescues.flat()[0]?.tasks).toHaveLength(40);
    const [total] = await made.database.run(
      "SELECT total::int AS tasks FROM tq.total WHERE name = 'tasks_rescued'",
    );
    expect(total).toEqual({ tasks: 40 });
  });

  test("leaves one alone that has come back to life since it was seen", async () => {
    await using made = await makePostgres();
    const id = await pushOne(made.store);
    await made.store.register({ ...WORKER, pid: NO_PID });
    await claim(made.store, { owner: { worker: "worker-1", thread: 1 } });
    const db = await connect(made);
    await db.command("BEGIN");
    expect(await findDead(db, "worker-1")).toBeNull();
    await db.command("COMMIT");
    await db.close();
    expect((await made.store.get(id))?.state).toBe("running");
  });
});

needs("postgres").describe("what listens for commits", () => {
  async function listen(made: TestPostgres): Promise<{ heard: () => number; listener: Listener }> {
    let heard = 0;
    const listener = new Listener(
      {
        url: made.database.url,
        name: "test",
        timeout: 5_000,
        lockTimeout: 0,
        application: "tq listens",
      },
      () => (heard += 1),
    );
    await listener.start();
    return { heard: () => heard, listener };
  }

  test("listens anew once its connection was cut, and writes nothing to standard error", async () => {
    await using made = await makePostgres();
    const warn = spyOn(console, "warn");
    const { heard, listener } = await listen(made);
    const before = heard();
    await made.database.run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tq listens'",
    );
    await until(() => expect(heard()).toBeGreaterThan(before)); // it listens again
    const again = heard();
    await made.database.run("NOTIFY tq");
    await until(() => expect(heard()).toBeGreaterThan(again));
    listener.close();
    expect(warn).not.toHaveBeenCalled();
    warn.mockRestore();
  });
});

needs("postgres").describe("a pooler that gives each transaction another connection", () => {
  test("is found by its lock, which a second client gets too", async () => {
    await using made = await makePostgres();
    await made.store.ready();
    const shared = await connect(made);
    await shared.get("SELECT pg_advisory_lock(1953591922, 7)");
    const poolers = new Poolers("shop");
    expect(await sentenceOf(() => poolers.refuse(shared, 7))).toContain(
      "a pooler in transaction mode",
    );
    await shared.close();
  });
});
