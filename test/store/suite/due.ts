/** Many tasks that are due at once. */
import { describe, expect, test } from "bun:test";
import { claim, claimFirst, dueOf, newTask, pushOne, readyOf } from "../../support/store.ts";
import { clock, stateOf, store } from "./subject.ts";

export function dueTests(): void {
  describe("a crowd that is due at once", () => {
    test("is made ready in slices, until one claim does the rest", async () => {
      const due = clock.now() + 10;
      await store.push(Array.from({ length: 1_200 }, () => newTask({ scheduledAt: due })));
      const urgent = await pushOne(store, { scheduledAt: due + 1, priority: 1 });
      expect(await store.makeCrowdReady()).toBe(false);
      clock.advance(11);
      const states: unknown[] = [];
      while (await store.makeCrowdReady()) {
        states.push([await readyOf(store, [], 2_000), await stateOf(urgent)]);
      }
      expect(states).toEqual([
        [500, "scheduled"],
        [1_000, "scheduled"],
      ]);
      expect((await claimFirst(store)).id).toBe(urgent);
    });

    test.each([
      [500, 0],
      [501, 500],
    ])("of %d has %d made ready before a claim, which does the rest", async (count, ready) => {
      const due = clock.now() + 10;
      await store.push(Array.from({ length: count }, () => newTask({ scheduledAt: due })));
      clock.advance(10);
      expect(await store.makeCrowdReady()).toBe(ready > 0);
      expect(await readyOf(store, [], 1_000)).toBe(ready);
      await claim(store, { limit: 1 });
      expect(await dueOf(store)).toBeNull();
    });

    test("of 501 keeps one that the first claim alone has not made ready", async () => {
      const due = clock.now() + 10;
      await store.push(Array.from({ length: 501 }, () => newTask({ scheduledAt: due })));
      clock.advance(10);
      await claim(store, { limit: 1 });
      expect(await dueOf(store)).toBe(due);
    });
  });
}
