/** The tasks that the threads of the workers hold. */
import { describe, expect, test } from "bun:test";
import { FUNCTION_METHOD } from "../../../src/task.ts";
import { claim, newTask } from "../../support/store.ts";
import { clock, finish, OTHER, register, store, subject } from "./subject.ts";

const FIRST = { worker: "worker-1", thread: 1 };
const SECOND = { worker: "worker-1", thread: 2 };

export function workingTests(): void {
  describe("what the threads hold", () => {
    test("is nothing where nothing runs", async () => {
      await store.push([newTask()]);
      expect(await store.working()).toEqual({ workers: [], threads: [] });
    });

    test("is told by worker and thread: a task, since when, and how many others", async () => {
      await register("worker-1");
      await register("worker-2");
      await store.push([1, 2, 3, 4, 5].map((priority) => newTask({ queue: "mail", priority })));
      await claim(store, { owner: OTHER });
      clock.advance(500);
      const [first] = await claim(store, { owner: SECOND });
      await claim(store, { owner: FIRST, limit: 2 });
      const { workers, threads, ...rest } = await subject.open().working();
      expect(rest).toEqual({});
      expect(workers).toMatchObject([
        { id: "worker-1", alive: true, running: 3 },
        { id: "worker-2", alive: true, running: 1 },
      ]);
      const task = { queue: "mail", model: "sale", method: "process", dequeued_at: clock.now() };
      const plain = { isFunction: false, progress: null };
      expect(threads).toEqual([
        { ...FIRST, task: { ...task, id: 2 }, isSure: false, others: 1, ...plain },
        { ...SECOND, task: { ...task, id: 4 }, isSure: true, others: 0, ...plain },
        {
          ...OTHER,
          task: { ...task, id: 5, dequeued_at: clock.now() - 500 },
          isSure: true,
          others: 0,
          ...plain,
        },
      ]);
      if (first) await finish(first);
      expect((await store.working()).threads.map(({ thread }) => thread)).toEqual([1, 1]);
      await store.unregister("worker-1");
      await store.unregister("worker-2");
    });

    test("tells a function from a method, and a dead worker from a live one", async () => {
      await register("worker-1");
      await store.push([newTask({ model: "clean", method: FUNCTION_METHOD, instances: [] })]);
      await claim(store, { owner: FIRST });
      await subject.kill("worker-1");
      expect(await store.working()).toMatchObject({
        workers: [{ id: "worker-1", alive: false }],
        threads: [{ task: { model: "clean" }, isFunction: true }],
      });
    });
  });
}
