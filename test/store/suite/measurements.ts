/** What monitoring asks for beside the statistics. */
import { describe, expect, test } from "bun:test";
import { claim, newTask } from "../../support/store.ts";
import { clock, register, store, subject } from "./subject.ts";

const MINUTE = 60_000;

export function measurementTests(): void {
  describe("measurements", () => {
    test("count the tasks that were pushed, and the workers and tasks that were rescued", async () => {
      await store.push([newTask(), newTask(), newTask()]);
      const none = { workers_rescued: 0, tasks_rescued: 0 };
      expect(await store.statistics.measure([])).toMatchObject({ pushed: 3, ...none, busy: [] });
      await register("w");
      await claim(store, { limit: 2, owner: { worker: "w", thread: 1 } });
      expect((await store.statistics.measure([])).busy).toEqual([{ worker: "w", threads: 1 }]);
      await subject.kill("w");
      await store.rescueDead(3);
      await store.rescueDead(3);
      const after = await store.statistics.measure([]);
      expect(after).toMatchObject({ pushed: 3, workers_rescued: 1, tasks_rescued: 2, busy: [] });
    });

    test("find since when the oldest ready task of a queue could run, whatever its priority", async () => {
      const start = clock.now();
      await store.push([newTask({ priority: -5 })]);
      clock.advance(MINUTE);
      await store.push([newTask({ priority: 7 }), newTask({ queue: "print" })]);
      const { oldest_ready: oldest } = await store.statistics.measure(["default", "print", "none"]);
      expect(oldest).toEqual([
        { queue: "default", since: start },
        { queue: "print", since: start + MINUTE },
      ]);
    });
  });
}
