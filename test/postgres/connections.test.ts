/** How many connections to PostgreSQL a program and a thread open, and who waits for one. */
import { expect, jest, test } from "bun:test";
import { errorOf } from "../support/error.ts";
import { useFakeTimers } from "../support/fake-timers.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { newTask } from "../support/store.ts";
import { openThread, THREAD_NAME } from "./support.ts";

async function connectionsOf({ database }: TestPostgres): Promise<number> {
  const rows = await database.run(
    `SELECT FROM pg_stat_activity WHERE application_name = '${THREAD_NAME}' AND datname = current_database()`,
  );
  return rows.length;
}

needs("postgres").describe("on PostgreSQL", () => {
  test("a thread has four connections, however many transactions its task begins at once", async () => {
    await using pg = await makePostgres();
    await using thread = openThread(pg, { connections: 50 });
    const { store } = thread;
    let most = 0;
    const writes = Array.from({ length: 30 }, (_, user) =>
      store.write(async (session) => {
        await session.push([newTask({ user })]);
        most = Math.max(most, await connectionsOf(pg));
      }),
    );
    await Promise.all(writes);
    expect(most).toBe(4);
    expect(await pg.store.list()).toHaveLength(30);
  });

  test("a thread whose transactions wait for each other's connections ends with a sentence", async () => {
    await using pg = await makePostgres();
    await using thread = openThread(pg, { timeout: 200 });
    const { store } = thread;
    const sessions = Array.from({ length: 4 }, () => store.session());
    for (const session of sessions) await session.begin();
    const error = await errorOf(store.write((session) => session.push([newTask()])));
    expect(error).toMatchObject({ code: "busy" });
    expect(error.message).toContain(
      "all 4 connections of this thread are in use; let its tasks have fewer transactions open at once",
    );
    for (const session of sessions) await store.release(session);
    await store.write((session) => session.push([newTask()]));
  });

  test("a store that is closed keeps no timer of those who wait for a connection", async () => {
    await using pg = await makePostgres({ connections: 1 });
    const session = pg.store.session();
    await session.begin();
    useFakeTimers();
    try {
      const waiting = errorOf(pg.store.get(1));
      expect(jest.getTimerCount()).toBe(1);
      const closing = pg.store.close();
      expect(await waiting).toMatchObject({ code: "conflict" });
      expect(jest.getTimerCount()).toBe(0);
      await closing;
    } finally {
      jest.useRealTimers();
    }
    await pg.store.release(session);
  });
});
