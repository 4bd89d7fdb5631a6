/** What has become of tasks: pushes by id, ends by time, read on from a place. */
import { describe, expect, test } from "bun:test";
import type { TaskEventsQuery } from "../../../src/store/task-event-store.ts";
import { claim, newTask } from "../../support/store.ts";
import { clock, fail, finish, store } from "./subject.ts";

/** Claims all and ends them: the second one fails, the others finish. */
async function endAll(): Promise<void> {
  const tasks = await claim(store, { limit: 100 });
  for (const [index, task] of tasks.entries()) {
    await (index === 1 ? fail(task) : finish(task));
    clock.advance(1);
  }
}

function query(part: Partial<TaskEventsQuery> = {}): TaskEventsQuery {
  const until = clock.now() + 1_000;
  return { pushed: 0, endedFrom: 0, endedUntil: until, known: [], limit: 100, ...part };
}

async function idsOf(part: Partial<TaskEventsQuery> = {}) {
  const { pushed, ended } = await store.taskEvents.read(query(part));
  return { pushed: pushed.map(({ id }) => id), ended: ended.map(({ id }) => id) };
}

export function taskEventTests(): void {
  describe("task events", () => {
    test("are pushes in the order of their ids, and ends in the order of their times", async () => {
      const start = clock.now();
      await store.push([newTask(), newTask(), newTask(), newTask()]);
      await endAll();
      await store.retry(1);
      await store.cancel(1, "x".repeat(500));
      const { pushed, ended } = await store.taskEvents.read(query());
      expect(pushed.map(({ id, at }) => [id, at])).toEqual([1, 2, 3, 4].map((id) => [id, start]));
      expect(ended.map(({ id, state, at }) => [id, state, at - start])).toEqual([
        [2, "failed", 1],
        [3, "finished", 2],
        [4, "finished", 3],
        [1, "cancelled", 4],
      ]);
      expect(ended[0]).toMatchObject({ queue: "default", reason: "Error: it broke" });
      expect(ended[3]?.reason).toHaveLength(200);
    });

    test("go on behind what is known", async () => {
      await store.push([newTask(), newTask(), newTask()]);
      const start = clock.now();
      await endAll();
      expect(await idsOf({ pushed: 1, endedFrom: start + 1 })).toEqual({
        pushed: [2, 3],
        ended: [2, 3],
      });
      expect(await idsOf({ known: [2], limit: 1 })).toEqual({ pushed: [1], ended: [1] });
      expect(await idsOf({ known: [1, 2], limit: 1 })).toEqual({ pushed: [1], ended: [3] });
      expect((await idsOf({ endedUntil: start + 1 })).ended).toEqual([1, 2]);
    });

    test("are counted up to a limit", async () => {
      await store.push([newTask(), newTask(), newTask()]);
      await endAll();
      expect(await store.taskEvents.count(query())).toEqual({ pushed: 3, ended: 3 });
      expect(await store.taskEvents.count(query({ pushed: 2, known: [1] }))).toEqual({
        pushed: 1,
        ended: 2,
      });
      expect(await store.taskEvents.count(query({ limit: 2 }))).toEqual({ pushed: 2, ended: 2 });
    });

    test("have a last place, with all tasks that ended at its time", async () => {
      const none = { pushed: 0, highest: 0, endedAt: 0, known: [], beyond: null };
      expect(await store.taskEvents.last(clock.now())).toEqual(none);
      await store.push([newTask(), newTask(), newTask()]);
      const start = clock.now();
      await endAll();
      const last = { pushed: 3, highest: 3, endedAt: start + 2, known: [3], beyond: null };
      expect(await store.taskEvents.last(clock.now())).toEqual(last);
      expect(await store.taskEvents.last(start + 1)).toEqual({
        ...last,
        endedAt: start + 1,
        known: [2],
      });
      await store.delete(3);
      expect((await store.taskEvents.last(clock.now())).pushed).toBe(3);
    });
  });
}
