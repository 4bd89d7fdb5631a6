/** Transactions on PostgreSQL write side by side. */
import { expect, test } from "bun:test";
import { PostgresStore } from "../../src/postgres/store.ts";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { newTask, withSession } from "../support/store.ts";

needs("postgres").describe("transactions of one program on PostgreSQL", () => {
  test("write at the same time, and commit in any order", async () => {
    await using pg = await makePostgres();
    await withSession(pg.store, (first) =>
      withSession(pg.store, async (second) => {
        await first.push([newTask({ user: 1 })]);
        await second.push([newTask({ user: 2 })]);
        await second.commit();
        expect((await pg.store.list()).map(({ user }) => user)).toEqual([2]);
        await first.commit();
      }),
    );
    expect((await pg.store.list()).map(({ user }) => user)).toEqual([2, 1]);
  });

  test("that are more than its connections wait for one, and say so where none comes back", async () => {
    await using pg = await makePostgres({ connections: 2 });
    const many = Array.from({ length: 20 }, (_, user) =>
      pg.store.write((session) => session.push([newTask({ user })])),
    );
    await Promise.all(many);
    const hurried = pg.open({ connections: 2, timeout: 1_000 });
    const [one, two] = [hurried.session(), hurried.session()];
    await Promise.all([one.begin(), two.begin()]);
    const error = await errorOf(hurried.write((session) => session.push([newTask()])));
    expect(error).toMatchObject({ code: "busy" });
    expect(error.message).toContain("all 2 connections of this program are in use");
    await Promise.all([hurried.release(one), hurried.release(two)]);
    expect(await pg.store.list()).toHaveLength(20);
  });

  test("do not blame database.connections where the server does not answer", async () => {
    using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const url = `postgresql://tq@127.0.0.1:${server.port}/shop`;
    const store = new PostgresStore({ url, folder: "/", connections: 1, timeout: 1_200 });
    const connecting = errorOf(store.ready());
    const { message } = await errorOf(store.ready());
    expect(message).toContain("does not answer those who connect");
    await connecting;
    await store.close();
  });
});

needs("postgres").test(
  "the server ends a transaction that stands still for longer than worker.lock_timeout, and ten seconds",
  async () => {
    await using made = await makePostgres();
    const told = async (lockTimeout?: number) => {
      const store = made.open(lockTimeout === undefined ? {} : { lockTimeout });
      const { rows } = await store.write(async (session) => session.sql(SETTING, []));
      return rows;
    };
    const SETTING = "SELECT current_setting('idle_in_transaction_session_timeout') AS time";
    expect(await told()).toMatchObject([["70s"]]);
    expect(await told(300_000)).toMatchObject([["310s"]]);
    expect(await told(0)).toMatchObject([["0"]]);
  },
);
