/** Turns to write on SQLite: one transaction of a file writes at a time. */
import { expect, test } from "bun:test";
import { nextTurn } from "../../src/next-turn.ts";
import type { Store } from "../../src/store/store.ts";
import { makeStore, newTask } from "../support/store.ts";

test("turns to write are first come, first served", async () => {
  await using made = makeStore();
  const { store } = made;
  const order: number[] = [];
  const first = store.session();
  await first.begin();
  const others = Array.from({ length: 20 }, (_, i) =>
    store.write(async (session) => {
      await session.push([newTask()]);
      await Promise.resolve();
      order.push(i);
    }),
  );
  await store.release(first);
  await Promise.all(others);
  expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("turns to write are shared by two stores of one thread on the same data: they do not deadlock", async () => {
  await using made = makeStore();
  const { store } = made;
  const other = made.open();
  const write = (on: Store, round: number) =>
    on.write(async (session) => {
      await session.push([newTask({ user: round })]);
      await nextTurn();
      await session.push([newTask({ user: round })]);
    });
  await Promise.all(Array.from({ length: 20 }, (_, i) => write(i % 2 ? other : store, i)));
  const users = (await store.list()).map(({ user }) => user);
  expect(users).toHaveLength(40);
  expect(users.filter((user, i) => i % 2 === 0 && user !== users[i + 1])).toEqual([]);
});
