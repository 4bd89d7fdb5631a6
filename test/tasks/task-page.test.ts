/** Pages of a list of tasks, of which few may match among millions. */
import { expect, test } from "bun:test";
import type { Part } from "../../src/store/looking.ts";
import type { Task } from "../../src/task.ts";
import { taskPage } from "../../src/tasks/task-page.ts";

/** A store whose parts have these ids, and which look at all ids from the second number up. */
function storeOf(parts: readonly (readonly [ids: number[], downTo: number | null])[]) {
  let looked = 0;
  const store = {
    async *parts(): AsyncGenerator<Part<Task>, void> {
      for (const [ids, downTo] of parts) {
        looked += 1;
        yield { found: ids.map((id) => ({ id }) as Task), downTo };
      }
    },
  };
  return { store, looked: () => looked };
}

/** The time goes on by so many ms at each look at the clock. */
function clockOf(step: number): () => number {
  let time = 0;
  return () => (time += step);
}

const LIMIT = { limit: 3 };

test("a page ends with its limit, and the next one begins behind its last task", async () => {
  const { store, looked } = storeOf([
    [[9, 8], 6],
    [[5], 4],
    [[3], null],
  ]);
  const page = await taskPage(store, LIMIT, { elapsed: clockOf(0) });
  expect(page).toEqual({
    tasks: [{ id: 9 }, { id: 8 }, { id: 5 }] as Task[],
    next: 5,
    isShort: false,
  });
  expect(looked()).toBe(2);
});

test("a page that has looked long enough ends with what it has found, and the next one goes on there", async () => {
  const { store, looked } = storeOf([
    [[], 5_000],
    [[], 1],
  ]);
  expect(await taskPage(store, LIMIT, { elapsed: clockOf(1_000) })).toEqual({
    tasks: [],
    next: 5_000,
    isShort: true,
  });
  expect(looked()).toBe(1);
});

test("the last page has no next one", async () => {
  const { store } = storeOf([[[2, 1], null]]);
  expect(await taskPage(store, LIMIT, { elapsed: clockOf(1_000) })).toMatchObject({
    next: null,
    isShort: false,
  });
});
