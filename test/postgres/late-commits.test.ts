/** Webhooks and events of tasks on PostgreSQL miss nothing that commits in another order than it began. */
import { expect, test } from "bun:test";
import { lookAt, newest, readPage } from "../../src/admin/events/page.ts";
import type { Position } from "../../src/admin/events/position.ts";
import type { PostgresStore } from "../../src/postgres/store.ts";
import type { Session } from "../../src/store/session.ts";
import type { TaskEventsQuery } from "../../src/store/task-event-store.ts";
import type { WebhookDefinition } from "../../src/store/webhook-store.ts";
import { type Task, WEBHOOK_CALL } from "../../src/task.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { claim, newTask, pushOne } from "../support/store.ts";

const FILE = "/shop/tq.toml";

const SHOP: WebhookDefinition = {
  key: "shop 1",
  target: "shop",
  states: ["failed", "finished", "cancelled"],
  queues: [],
  tasks: [],
};

const delivery = (task: Task) =>
  newTask({ model: WEBHOOK_CALL, method: "call", queue: "told", args: JSON.stringify([task.id]) });

function follow(store: PostgresStore, definition = SHOP) {
  return store.webhooks.follow({ origin: FILE, definitions: [definition], definition, delivery });
}

async function told(store: PostgresStore): Promise<unknown[]> {
  const deliveries = await store.list({ queue: "told", limit: 1_000 });
  return deliveries.sort((a, b) => a.id - b.id).map(({ args }) => (args as unknown[])[0]);
}

/** Does this in a transaction that stays open. @returns its session; commit it, then release it */
async function holdOpen<T>(
  store: PostgresStore,
  fn: (session: Session) => Promise<T>,
): Promise<{ readonly result: T; commit(): Promise<void> }> {
  const session = store.session();
  await session.begin();
  const result = await fn(session);
  return {
    result,
    async commit() {
      await session.commit();
      await store.release(session);
    },
  };
}

const EVERYTHING: TaskEventsQuery = {
  pushed: 0,
  endedFrom: 0,
  endedUntil: Number.MAX_SAFE_INTEGER,
  known: [],
  limit: 100,
};

async function eventsOf(store: PostgresStore, query: Partial<TaskEventsQuery> = {}) {
  const { pushed, ended } = await store.taskEvents.read({ ...EVERYTHING, ...query });
  return { pushed: pushed.map(({ id }) => id), ended: ended.map(({ id }) => id) };
}

needs("postgres").describe("on PostgreSQL", () => {
  test("transactions that push do not wait for each other, in whichever order they commit", async () => {
    await using made = await makePostgres();
    const { store } = made;
    const first = await holdOpen(store, (session) => session.push([newTask({ user: 1 })]));
    const second = await holdOpen(made.open(), (session) => session.push([newTask({ user: 2 })]));
    await second.commit();
    expect((await store.list()).map(({ user }) => user)).toEqual([2]);
    await first.commit();
    expect((await store.list()).map(({ user }) => user)).toEqual([2, 1]);
  });

  test("a webhook tells an end whose transaction began before and commits after one that was told", async () => {
    await using made = await makePostgres();
    const { store } = made;
    await store.webhooks.watch(FILE, [SHOP]);
    const ids = await store.push([newTask(), newTask()]);
    const [first, second] = await claim(store, { limit: 2 });
    if (!first || !second) throw new Error("nothing was claimed");
    const finished = { kind: "finished", result: null, reason: null } as const;
    const late = await holdOpen(store, (session) => session.settle(first, finished));
    await store.write((session) => session.settle(second, finished));
    expect(await follow(store)).toEqual({ pushed: 1, isMore: false });
    await late.commit();
    expect(await follow(store)).toEqual({ pushed: 1, isMore: false });
    expect(await follow(store)).toEqual({ pushed: 0, isMore: false });
    expect(await told(store)).toEqual(ids.toReversed());
  });

  test("a webhook that takes the place of another one tells an end that was under way meanwhile", async () => {
    await using made = await makePostgres();
    const { store } = made;
    await store.webhooks.watch(FILE, [SHOP]);
    const id = await pushOne(store);
    const late = await holdOpen(store, (session) => session.cancel(id));
    const changed = { ...SHOP, key: "shop 2" };
    await store.webhooks.watch(FILE, [changed]);
    await late.commit();
    expect(await follow(store, changed)).toEqual({ pushed: 1, isMore: false });
  });

  test("a webhook has nothing to tell of tasks that were deleted, and keeps nothing of them", async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    await store.webhooks.watch(FILE, [SHOP]);
    const [first = 0, second = 0] = await store.push([newTask(), newTask()]);
    await store.cancel(first);
    await store.cancel(second);
    await store.delete(first);
    expect(await database.run("SELECT task::int FROM tq.ended")).toEqual([{ task: second }]);
    expect(await follow(store)).toEqual({ pushed: 1, isMore: false });
  });

  test("ends of tasks are noted only while there is a webhook", async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    await store.cancel(await pushOne(store));
    expect(await database.run("SELECT FROM tq.ended")).toHaveLength(0);
    await store.webhooks.watch(FILE, [SHOP]);
    await store.cancel(await pushOne(store));
    expect(await database.run("SELECT FROM tq.ended")).toHaveLength(1);
  });

  test("events hold back a push until those with lower ids have been committed", async () => {
    await using made = await makePostgres();
    const { store } = made;
    await pushOne(store);
    expect(await eventsOf(store)).toEqual({ pushed: [1], ended: [] });
    const late = await holdOpen(made.open(), (session) => session.push([newTask()]));
    expect(late.result).toEqual([2]);
    await pushOne(store);
    expect((await eventsOf(store, { pushed: 1 })).pushed).toEqual([]);
    await late.commit();
    expect((await eventsOf(store, { pushed: 1 })).pushed).toEqual([2, 3]);
  });

  test("events go on behind a push that was undone", async () => {
    await using made = await makePostgres();
    const { store } = made;
    await eventsOf(store);
    const session = store.session();
    await session.push([newTask()]);
    await pushOne(store);
    expect((await eventsOf(store)).pushed).toEqual([]);
    await session.rollback();
    expect((await eventsOf(store)).pushed).toEqual([2]);
    await store.release(session);
  });

  test("a program that has just started holds back what is under way, too", async () => {
    await using made = await makePostgres();
    const { store, clock } = made;
    await pushOne(store);
    clock.advance(60_000);
    const late = await holdOpen(store, (session) => session.push([newTask()]));
    await pushOne(store);
    const fresh = made.open();
    const place = await fresh.taskEvents.last(clock.now());
    expect(place).toMatchObject({ pushed: 1, highest: 3 });
    await late.commit();
    expect((await eventsOf(fresh, { pushed: place.pushed })).pushed).toEqual([2, 3]);
  });

  test("a stream that begins while a push is open is told none of what was there, and that push once it is", async () => {
    await using made = await makePostgres();
    const { store, clock } = made;
    await store.push([newTask(), newTask(), newTask()]);
    const late = await holdOpen(made.open(), (session) => session.push([newTask()]));
    const lateEnd = await holdOpen(made.open(), (session) => session.cancel(1));
    clock.advance(60_000);
    const [seen = 0] = await store.push([newTask()]);
    await store.cancel(2);
    const fresh = made.open();
    let place: Position = await newest(fresh, await lookAt(fresh));
    const told = async () => {
      const { events, next } = await readPage(fresh, place, await lookAt(fresh));
      place = next;
      return events.map(({ name, task }) => [name, task?.id]);
    };
    expect(await told()).toEqual([]);
    clock.advance(5_000);
    const [later = 0] = await store.push([newTask()]);
    await store.cancel(3);
    await late.commit();
    await lateEnd.commit();
    expect(await told()).toEqual([
      ["task.pushed", seen - 1],
      ["task.pushed", later],
      ["task.ended", 1],
      ["task.ended", 3],
    ]);
    expect(await told()).toEqual([]);
  });

  test("events hold back an end until those with earlier times have been committed", async () => {
    await using made = await makePostgres();
    const { store, clock } = made;
    await store.push([newTask(), newTask()]);
    await eventsOf(store);
    const late = await holdOpen(store, (session) => session.cancel(1));
    clock.advance(5_000);
    await store.cancel(2);
    clock.advance(5_000);
    expect((await eventsOf(store)).ended).toEqual([]);
    await late.commit();
    expect((await eventsOf(store)).ended).toEqual([1, 2]);
  });

  test("events are complete while many push in transactions of all lengths", async () => {
    await using made = await makePostgres();
    const { store } = made;
    const writers = Array.from({ length: 4 }, () => made.open());
    let writing = writers.length;
    const pushing = writers.map(async (writer, at) => {
      for (let round = 0; round < 30; round++) {
        await writer.write(async (session) => {
          await session.push([newTask()]);
          for (let more = 0; more < (at * 7 + round) % 5; more++) {
            await session.push([newTask()]);
          }
        });
      }
      writing -= 1;
    });
    const seen: number[] = [];
    for (let isLast = false; !isLast;) {
      isLast = writing === 0;
      seen.push(...(await eventsOf(store, { pushed: seen.at(-1) ?? 0 })).pushed);
    }
    await Promise.all(pushing);
    const all = (await store.list({ limit: 1_000 })).map(({ id }) => id);
    expect(seen).toEqual(all.sort((a, b) => a - b));
  });
});
