/** Tasks of a paused method that were set aside: looks and claims cost the same however many there are. */
import { expect, test } from "bun:test";
import { growth } from "../../support/growth.ts";
import { claim, makeStore, newTask, readyOf, type TestStore } from "../../support/store.ts";

const PAUSE = { kind: "task", name: "sale.slow", by: "ana", reason: null, until: null } as const;

/** A store whose queue has so many tasks of a paused method, all set aside. */
async function withAside(count: number): Promise<TestStore> {
  const made = makeStore();
  await made.store.push(Array.from({ length: count }, () => newTask({ method: "slow" })));
  await made.store.pauses.pause(PAUSE);
  while ((await readyOf(made.store, [], 1)) > 0) await claim(made.store);
  return made;
}

test("a look and a claim take no longer with sixteen times as many tasks set aside", async () => {
  const stores = new Map<number, TestStore>();
  for (const size of [2_000, 32_000]) stores.set(size, await withAside(size));
  const times = await growth(2_000, async (size) => {
    const { store } = stores.get(size) ?? (await withAside(size));
    for (let round = 0; round < 50; round++) {
      expect(await readyOf(store, [], 2)).toBe(0);
      expect(await claim(store)).toEqual([]);
    }
  });
  expect(times).toBeLessThan(4);
  for (const made of stores.values()) await made[Symbol.asyncDispose]();
});

test("a claim beside paused tasks sets aside five hundred of them at most", async () => {
  await using made = await withAside(0);
  const { store } = made;
  await store.push(Array.from({ length: 1_200 }, () => newTask({ method: "slow" })));
  const other = await store.push([newTask()]);
  const left: number[] = [];
  for (let round = 0; round < 3; round++) {
    left.push(await readyOf(store, [], 2_000));
    const claimed = await claim(store, { limit: 5 });
    expect(claimed.map(({ id }) => id)).toEqual(round < 2 ? [] : other);
  }
  expect(left).toEqual([1_201, 701, 201]);
});
