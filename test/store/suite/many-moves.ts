/** Moves of all tasks of a filter. */
import { describe, expect, test } from "bun:test";
import type { ManyMove, ReadFilter } from "../../../src/store/looking.ts";
import { findAll, moveAll, moveThese } from "../../../src/tasks/many.ts";
import { claimFirst, pushOne } from "../../support/store.ts";
import { ended, push } from "./filters.ts";
import { claimIds, clock, fail, stateOf, store } from "./subject.ts";

export function manyMoveTests(): void {
  describe("a move of many tasks", () => {
    const move = (what: ManyMove, filter: ReadFilter) => moveAll(store, what, filter);

    test("touches those alone that were found and still match", async () => {
      const ids = await push({ queue: "a" }, { queue: "a" }, { queue: "a" });
      const [first = 0, second = 0, third = 0] = ids;
      const filter = { states: ["ready"], queue: "a" } as const;
      const counted = await findAll(store, filter);
      const later = await pushOne(store, { queue: "a" });
      await store.cancel(second);
      await store.place(third, { queue: "b" });
      expect(await moveThese(store, { kind: "cancel" }, counted, filter)).toBe(1);
      expect(await Promise.all(ids.map(stateOf))).toEqual(["cancelled", "cancelled", "ready"]);
      expect(await stateOf(later)).toBe("ready");
      expect(await stateOf(first)).toBe("cancelled");
    });

    test("deletes ended tasks alone, with their runs, errors and nothing else", async () => {
      const failed = await pushOne(store);
      await fail(await claimFirst(store));
      const kept = await pushOne(store);
      await fail(await claimFirst(store));
      const ready = await pushOne(store);
      const states = ["failed", "ready"] as const;
      expect(await move({ kind: "delete" }, { states, before: kept })).toBe(1);
      expect(await store.get(failed)).toBeNull();
      expect([await store.attempts(failed), await store.errors(failed)]).toEqual([[], []]);
      expect([(await store.attempts(kept)).length, (await store.errors(kept)).length]).toEqual([
        1, 1,
      ]);
      expect(await move({ kind: "delete" }, { states: ["ready"] })).toBe(0);
      expect(await stateOf(ready)).toBe("ready");
    });

    test("moves waiting tasks into another queue, where they are claimed, and changes nothing else", async () => {
      const id = await pushOne(store, { queue: "a", ref: "r", args: "[1]", priority: 3 });
      const before = await store.get(id);
      expect(await move({ kind: "place", queue: "b" }, { states: ["ready"], queue: "a" })).toBe(1);
      expect(await store.get(id)).toEqual({ ...before, queue: "b" } as never);
      expect(await move({ kind: "place", priority: 9 }, { states: ["ready"] })).toBe(1);
      expect(await store.get(id)).toEqual({ ...before, queue: "b", priority: 9 } as never);
      expect((await claimFirst(store)).id).toBe(id);
      expect(await move({ kind: "place", queue: "c" }, { states: ["running"] })).toBe(0);
    });

    test("lets tasks run now that were scheduled for later, in their turn among those that are due", async () => {
      const ready = await pushOne(store);
      const later = clock.now() + 3_600_000;
      const [one, many, expected] = [
        await pushOne(store, { scheduledAt: later }),
        await pushOne(store, { scheduledAt: later, queue: "b" }),
        await pushOne(store, { scheduledAt: later, expectedAt: later }),
      ];
      expect(store.retry(one)).rejects.toMatchObject({
        message: `Cannot retry task ${one}: it is scheduled; a worker runs it then, and tq move ${one} --now lets it run at once`,
      });
      const before = await store.get(ready);
      clock.advance(1_000);
      expect(await store.place(ready, { now: true })).toEqual(before as never);
      const moved = { state: "ready", scheduled_at: clock.now() };
      expect(await store.place(expected, { now: true })).toMatchObject(moved);
      expect(await store.place(one, { now: true })).toMatchObject(moved);
      expect(await move({ kind: "place", now: true }, { states: ["scheduled"] })).toBe(1);
      expect(await store.get(many)).toMatchObject({ ...moved, queue: "b" });
      expect(await claimIds()).toEqual([ready, one, many, expected]);
    });

    test("stops between two parts once it is told to, and says how far it was", async () => {
      await push(...Array.from({ length: 1_200 }, () => ({})));
      const filter = { states: ["ready"] } as const;
      const ids = await findAll(store, filter);
      const stop = new AbortController();
      const told: number[] = [];
      const tell = (count: number) => {
        told.push(count);
        stop.abort();
      };
      const options = { tell, signal: stop.signal };
      expect(await moveThese(store, { kind: "cancel" }, ids, filter, options)).toBe(500);
      expect(told).toEqual([500]);
      expect(await findAll(store, filter)).toHaveLength(700);
    });

    test("of one task is refused where its state does not allow it", async () => {
      const id = await pushOne(store);
      expect(store.delete(id)).rejects.toMatchObject({
        code: "conflict",
        message: `Cannot delete task ${id}: it is ready; cancel it first`,
      });
      await claimFirst(store);
      expect(store.place(id, { queue: "b" })).rejects.toMatchObject({
        code: "conflict",
        message: `Cannot move task ${id}: it is running`,
      });
      expect(store.delete(99)).rejects.toMatchObject({ code: "not_found" });
      expect(store.place(99, { queue: "b" })).rejects.toMatchObject({ code: "not_found" });
      const over = await ended({ queue: "z" });
      expect(await store.delete(over).then((task) => task.state)).toBe("finished");
    });
  });
}
