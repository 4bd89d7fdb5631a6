/** How long a worker waits before it takes another one for dead whose lock is free. */
import { afterEach, expect, jest, mock, spyOn, test } from "bun:test";
import { Connection } from "../../src/postgres/connection.ts";
import { LOCK_CLASS } from "../../src/postgres/locks.ts";
import { PostgresWorkerStore } from "../../src/postgres/worker-store.ts";
import { NO_PID } from "../store/suite/subject.ts";
import { useFakeTimers } from "../support/fake-timers.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { claim, pushOne } from "../support/store.ts";
import { until } from "../support/until.ts";
import { cutLives, WORKER } from "./lives.ts";

afterEach(() => mock.restore());

needs("postgres").describe("a lock that is free", () => {
  /** The worker is registered, holds a task, and its lock is free. */
  async function lifeless(pid: number) {
    const made = await makePostgres();
    const id = await pushOne(made.store);
    await made.store.register({ ...WORKER, pid });
    await claim(made.store, { owner: { worker: "worker-1", thread: 1 } });
    await made.store.killed("worker-1");
    return { made, id };
  }

  test("is no death at once while the process may live", async () => {
    const { made } = await lifeless(process.pid);
    await using _ = made;
    const other = made.open();
    expect(await other.rescueDead(3)).toEqual([]);
    expect(await other.rescueDead(3)).toEqual([]);
    made.clock.passes(1_000);
    expect(await other.rescueDead(3)).toMatchObject([{ worker: { id: "worker-1" } }]);
  });

  test("is the death of a process of this machine that is gone", async () => {
    const { made, id } = await lifeless(NO_PID);
    await using _ = made;
    expect(await made.open().rescueDead(3)).toMatchObject([{ tasks: [{ id, state: "ready" }] }]);
  });

  test("is no death at once on a machine that only has the same name", async () => {
    const { made } = await lifeless(NO_PID);
    await using _ = made;
    await made.database.run("UPDATE tq.worker SET pid_space = 'pid:[1]'");
    expect(await made.open().rescueDead(3)).toEqual([]);
  });

  test("is waited for longer by a worker that has just connected itself: the server may have been away", async () => {
    const { made } = await lifeless(process.pid);
    await using _ = made;
    const other = made.open();
    await other.register({ ...WORKER, id: "young", pid: process.pid });
    expect(await other.rescueDead(3)).toEqual([]);
    made.clock.passes(4_900);
    expect(await other.rescueDead(3)).toEqual([]);
    made.clock.passes(200);
    expect(await other.rescueDead(3)).toMatchObject([{ worker: { id: "worker-1" } }]);
  });

  test("is no death to its own worker, which connects again", async () => {
    await using made = await makePostgres();
    const { store, clock } = made;
    const id = await pushOne(store);
    await store.register({ ...WORKER, pid: process.pid });
    await claim(store, { owner: { worker: "worker-1", thread: 1 } });
    await store.get(id); // a connection that does not prove its life is open
    spyOn(Connection, "open").mockRejectedValue(new Error("too many connections"));
    await cutLives(made);
    expect(await store.rescueDead(3)).toEqual([]);
    clock.passes(20_000);
    expect(await store.rescueDead(3)).toEqual([]);
  });

  test("is waited for anew by a worker that has lost its own connection since", async () => {
    const { made } = await lifeless(process.pid);
    await using _ = made;
    const other = made.open();
    let returns = 0;
    await other.register({
      ...WORKER,
      id: "other",
      pid: process.pid,
      cameBack: () => (returns += 1),
    });
    expect(await other.rescueDead(3)).toEqual([]);
    await cutLives(made);
    await until(() => expect(returns).toBe(1));
    made.clock.passes(20_000);
    expect(await other.rescueDead(3)).toEqual([]);
    made.clock.passes(5_000);
    expect(await other.rescueDead(3)).toMatchObject([{ worker: { id: "worker-1" } }]);
  });

  test("is waited for anew by a worker whose look has seen since that all are alive", async () => {
    await using made = await makePostgres();
    const { database, clock } = made;
    await made.store.register({ ...WORKER, pid: process.pid });
    await made.store.killed("worker-1");
    const store = new PostgresWorkerStore({ url: database.url, folder: "/", clock });
    await store.register({ ...WORKER, id: "other", pid: process.pid });
    const look = async () => {
      jest.advanceTimersByTime(2_000); // the last look has told who lives
      await store.look({ queues: [], limit: 1, worker: "other" });
      return store.rescueDead(3);
    };
    useFakeTimers();
    try {
      expect(await look()).toEqual([]);
      await database.run(
        `SELECT pg_advisory_lock(${LOCK_CLASS}, life) FROM tq.worker WHERE id = 'worker-1'`,
      );
      expect(await look()).toEqual([]);
      clock.passes(20_000);
      await database.run("SELECT pg_advisory_unlock_all()");
      expect(await look()).toEqual([]);
      clock.passes(5_000);
      expect(await look()).toMatchObject([{ worker: { id: "worker-1" } }]);
    } finally {
      jest.useRealTimers();
      await store.close();
    }
  });

  test("that its worker takes again before the patience has passed is forgotten", async () => {
    const { made } = await lifeless(process.pid);
    await using _ = made;
    const other = made.open();
    expect(await other.rescueDead(3)).toEqual([]);
    await made.database.run(`SELECT pg_advisory_lock(${LOCK_CLASS}, life) FROM tq.worker`);
    made.clock.passes(2_000);
    expect(await other.rescueDead(3)).toEqual([]);
    await made.database.run("SELECT pg_advisory_unlock_all()");
    expect(await other.rescueDead(3)).toEqual([]);
  });

  test("of a worker that is not registered is waited for too: its threads may have connected before its life", async () => {
    await using made = await makePostgres();
    const id = await pushOne(made.store);
    await claim(made.store, { owner: { worker: "worker-1", thread: 1 } });
    const other = made.open();
    expect(await other.rescueDead(3)).toEqual([]);
    made.clock.passes(900);
    expect(await other.rescueDead(3)).toEqual([]);
    await made.store.register({ ...WORKER, pid: process.pid });
    made.clock.passes(200);
    expect(await other.rescueDead(3)).toEqual([]);
    expect((await made.store.get(id))?.state).toBe("running");
  });
});
