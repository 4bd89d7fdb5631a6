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
      expect(await store.isCrowdDue()).toBe(false);
      clock.advance(11);
      const states: unknown[] = [];
      while (await store.isCrowdDue()) {
        await store.makeDueReady();
        states.push([await readyOf(store, [], 2_000), await stateOf(urgent)]);
      }
      expect(states).toEqual([
        [500, "scheduled"],
        [1_000, "scheduled"],
      ]);
      expect((await claimFirst(store)).id).toBe(urgent);
    });

    test.each([
      [500, false],
      [501, true],
    ])("of %d is %p: the claim alone makes five hundred ready", async (count, isCrowd) => {
      const due = clock.now() + 10;
      await store.push(Array.from({ length: count }, () => newTask({ scheduledAt: due })));
      clock.advance(10);
      expect(await store.isCrowdDue()).toBe(isCrowd);
      await claim(store, { limit: 1 });
      expect(await dueOf(store)).toBe(isCrowd ? due : null);
    });
  });
}
