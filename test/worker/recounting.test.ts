/** When tasks are counted again of which there are too many to count whenever someone asks. */
import { expect, test } from "bun:test";
import type { Store } from "../../src/store/store.ts";
import { isFirstWorker, Recounting } from "../../src/worker/recounting.ts";
import { makeStore } from "../support/store.ts";

/** A store that counts; each of its counts changes as this says, and each change is a commit. */
function countingStore(changes: readonly boolean[]) {
  const seen: { version: number | null; rounds: number } = { version: 1, rounds: 0 };
  const store = {
    countsVersion: async () => seen.version,
    async *recount() {
      const changed = changes[seen.rounds] ?? false;
      seen.rounds += 1;
      yield false;
      seen.version = (seen.version ?? 0) + 1;
      yield changed;
    },
  } as unknown as Store;
  return { store, seen };
}

const mine = async () => true;

test("an unchanged database is counted until a count finds what the last one has found", async () => {
  const { store, seen } = countingStore([true, false]);
  const recounting = new Recounting(store, mine);
  for (let round = 0; round < 5; round++) await recounting.round();
  expect(seen.rounds).toBe(2);
  seen.version = 99;
  await recounting.round();
  expect(seen.rounds).toBe(3);
});

test("a database with few tasks is not counted, whatever changes in it", async () => {
  const { store, seen } = countingStore([]);
  seen.version = null;
  await new Recounting(store, mine).round();
  expect(seen.rounds).toBe(0);
});

test("nothing is counted where another process counts", async () => {
  const { store, seen } = countingStore([]);
  await new Recounting(store, async () => false).round();
  expect(seen.rounds).toBe(0);
});

test("a count that was stopped ends between two steps", async () => {
  const { store, seen } = countingStore([]);
  const recounting = new Recounting(store, mine);
  recounting.stop();
  await recounting.round();
  expect(seen.version).toBe(1);
});

test("the worker that has lived the longest counts, and after it the next one", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  for (const id of ["b", "a"]) {
    await store.register({ id, pid: 1234, threads: 2, queues: [] });
    clock.advance(1_000);
  }
  expect([await isFirstWorker(store, "a"), await isFirstWorker(store, "b")]).toEqual([false, true]);
  await store.unregister("b");
  expect(await isFirstWorker(store, "a")).toBe(true);
});
