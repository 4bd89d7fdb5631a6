/** The times of flushes: a thread measures them, and one commit a minute takes them along. */
import { expect, test } from "bun:test";
import { FlushTimes } from "../../../src/sqlite/file/flush-times.ts";
import { makeStore, newTask, pushOne } from "../../support/store.ts";

test("what is measured is taken once, and not again within a minute", () => {
  const times = new FlushTimes();
  expect(times.take(0)).toBe(null);
  times.add(2);
  times.add(3);
  expect(times.take(0)).toMatchObject({ count: 2, sum: 5 });
  times.add(4);
  expect(times.take(59_999)).toBe(null);
  expect(times.take(60_000)).toMatchObject({ count: 1, sum: 4 });
  expect(times.take(120_000)).toBe(null);
});

test("what several programs have measured adds up, by single pushes and by transactions", async () => {
  await using test = makeStore({ durability: "full" });
  const { store } = test;
  const flushes = async () => (await test.open().statistics.measure([])).flushes.count;
  await pushOne(store);
  expect(await flushes()).toBe(0);
  await pushOne(store);
  expect(await flushes()).toBe(1);
  const other = test.open();
  const change = () => other.write((session) => session.push([newTask()]));
  await change();
  await change();
  expect(await flushes()).toBe(2);
  await pushOne(store); // within the same minute
  expect(await flushes()).toBe(2);
});

test("without flushes nothing is measured", async () => {
  await using test = makeStore({ durability: "normal" });
  await pushOne(test.store);
  await pushOne(test.store);
  expect((await test.store.statistics.measure([])).flushes.count).toBe(0);
});
