/** A program that goes on after the worker inside it has stopped: what the log says of the database it then works on. */
import { expect, test } from "bun:test";
import { push, Transaction } from "../../src/index.ts";
import type { Store } from "../../src/store/store.ts";
import { enterEmbedded, enterRuntime } from "../../src/transaction/runtime.ts";
import { makeRuntime } from "../model/support.ts";

const begin = () => Transaction.start({}, () => undefined);

/** The runtime of a worker on another database, which nothing uses. */
const elsewhere = (tq: ReturnType<typeof makeRuntime>) => ({
  ...tq.runtime,
  store: { name: "/d/other.db" } as Store,
});

test.each<[string, () => Promise<unknown>]>([
  ["a push", () => push({ model: "sale", method: "process", instances: 1 })],
  ["a transaction", begin],
])(
  "the log says once that a program works on another database than its stopped worker: %s",
  async (_what, use) => {
    await using tq = makeRuntime();
    enterEmbedded(elsewhere(tq))();
    await use();
    await use();
    expect(tq.eventsOf("log.note")).toEqual([
      {
        name: "log.note",
        level: "warn",
        message: `The worker of this program has stopped, which worked on /d/other.db: what the program pushes, reads and writes from here on goes to ${tq.store.name}; stop what uses the models first, then the worker`,
      },
    ]);
  },
);

test("the log says nothing where a program goes on with the database of its stopped worker", async () => {
  await using tq = makeRuntime();
  enterEmbedded(tq.runtime)();
  await begin();
  expect(tq.eventsOf("log.note")).toEqual([]);
});

test("the log says nothing where a worker stops while a later one of the program runs", async () => {
  await using tq = makeRuntime();
  const stopFirst = enterEmbedded(elsewhere(tq));
  const stopSecond = enterEmbedded(tq.runtime);
  stopFirst();
  await begin();
  stopSecond();
  await begin();
  expect(tq.eventsOf("log.note")).toEqual([]);
});

test("the log says nothing where the program has started a worker on another database itself", async () => {
  await using tq = makeRuntime();
  enterEmbedded(elsewhere(tq))();
  const leave = enterRuntime(tq.runtime);
  await begin();
  leave();
  expect(tq.eventsOf("log.note")).toEqual([]);
});
