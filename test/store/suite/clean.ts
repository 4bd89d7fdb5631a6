/** Deleting tasks that ended long ago. */
import { describe, expect, test } from "bun:test";
import { claim, claimFirst, newTask, pushOne } from "../../support/store.ts";
import { clock, fail, finish, stateOf, store } from "./subject.ts";

export function cleanTests(): void {
  describe("clean", () => {
    test("leaves what has ended before its push: the clock was behind when it ran", async () => {
      const day = 86_400_000;
      const id = await pushOne(store);
      clock.advance(-1_000 * day);
      await store.cancel(id);
      clock.advance(1_000 * day);
      const limits = { finishedBefore: clock.now() - day, failedBefore: clock.now() - day };
      expect(await store.clean({ ...limits, limit: 10 })).toBe(0);
      clock.advance(2 * day);
      const later = { finishedBefore: clock.now() - day, failedBefore: clock.now() - day };
      expect(await store.clean({ ...later, limit: 10 })).toBe(1);
    });

    test("deletes what ended long ago with its errors, and nothing that has not ended", async () => {
      const day = 86_400_000;
      const [finished = 0, failed = 0, cancelled = 0, ready = 0] = await store.push(
        Array.from({ length: 4 }, () => newTask()),
      );
      await finish(await claimFirst(store));
      await fail(await claimFirst(store));
      await store.cancel(cancelled);
      clock.advance(31 * day);
      const now = clock.now();
      const options = {
        finishedBefore: now - 30 * day,
        failedBefore: now - 90 * day,
        limit: 100,
      };
      expect(await store.clean(options)).toBe(2);
      expect((await store.list()).map(({ id }) => id)).toEqual([ready, failed]);
      expect(await store.errors(failed)).toHaveLength(1);
      clock.advance(60 * day);
      expect(await store.clean({ ...options, failedBefore: clock.now() - 90 * day })).toBe(1);
      expect(await store.errors(failed)).toEqual([]);
      expect(await store.get(finished)).toBeNull();
      expect(await stateOf(ready)).toBe("ready");
    });

    test("deletes no more than its limit", async () => {
      await store.push(Array.from({ length: 5 }, () => newTask()));
      for (const task of await claim(store, { limit: 5 })) await finish(task);
      const options = { finishedBefore: clock.now() + 1, failedBefore: 0, limit: 2 };
      expect([
        await store.clean(options),
        await store.clean(options),
        await store.clean(options),
      ]).toEqual([2, 2, 1]);
    });
  });
}
