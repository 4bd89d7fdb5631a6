/** The index of ready tasks in their order, which only a database with many queues has. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { MANY_QUEUES, needsOrderIndex } from "../../../src/sqlite/sql/ready-order.ts";
import {
  claim,
  claimFirst,
  makeStore,
  newTask,
  pushOne,
  type TestStore,
} from "../../support/store.ts";

function hasIndex({ path }: TestStore): boolean {
  using db = new Database(path, { readonly: true });
  return db.query("SELECT 1 FROM sqlite_schema WHERE name = 'tq__task_order'").get() !== null;
}

function tasksOf(queues: number) {
  return Array.from({ length: queues }, (_, at) => newTask({ queue: `q${at}` }));
}

test("few queues do without the index, and a store that adapts to many has it", async () => {
  await using subject = makeStore();
  await subject.store.push(tasksOf(MANY_QUEUES));
  await subject.store.adapt();
  expect(hasIndex(subject)).toBe(false);
  await pushOne(subject.store, { queue: "one more" });
  await subject.store.adapt();
  expect(hasIndex(subject)).toBe(true);
});

test("a worker with threads makes the index when it starts", async () => {
  await using subject = makeStore();
  const { store } = subject;
  await store.push(tasksOf(MANY_QUEUES + 1));
  await store.register({ id: "program", pid: 1, threads: 0, queues: [] });
  expect(hasIndex(subject)).toBe(false);
  await store.register({ id: "worker", pid: 1, threads: 1, queues: [] });
  expect(hasIndex(subject)).toBe(true);
});

test("a table too large to be indexed at once is left as it is", async () => {
  await using subject = makeStore();
  await subject.store.push(tasksOf(MANY_QUEUES + 1));
  using db = new Database(subject.path, { strict: true });
  const large = MANY_QUEUES + 1;
  expect(needsOrderIndex(db, { ready: large, ids: large })).toBe(true);
  expect(needsOrderIndex(db, { ready: large - 1, ids: large })).toBe(false);
  expect(needsOrderIndex(db, { ready: large, ids: large - 2 })).toBe(false);
});

test("a store that was open before finds the index that another one has made", async () => {
  await using subject = makeStore();
  const { store } = subject;
  await store.push([...tasksOf(MANY_QUEUES + 1), ...tasksOf(MANY_QUEUES + 1)]);
  const first = await claimFirst(store);
  await subject.open().adapt();
  expect(hasIndex(subject)).toBe(true);
  const rest = await claim(store, { limit: 1000 });
  const ids = [first, ...rest].map(({ id }) => id);
  expect(ids).toEqual(ids.map((_, at) => at + 1));
  expect(ids).toHaveLength(2 * MANY_QUEUES + 2);
});

test("tasks behind thousands of other queues are found, in their order", async () => {
  await using subject = makeStore();
  const { store } = subject;
  const others = Array.from({ length: 3_000 }, () => newTask({ queue: "old" }));
  const wanted = tasksOf(MANY_QUEUES + 1);
  await store.push([...others.slice(0, 1_990), ...wanted, ...others.slice(1_990), ...wanted]);
  await store.adapt();
  expect(hasIndex(subject)).toBe(true);
  const taken: number[] = [];
  for (;;) {
    const tasks = await claim(store, { queues: ["q*"], limit: 50 });
    if (tasks.length === 0) break;
    taken.push(...tasks.map(({ id }) => id));
  }
  expect(taken).toHaveLength(2 * wanted.length);
  expect(taken).toEqual(taken.toSorted((a, b) => a - b));
});
