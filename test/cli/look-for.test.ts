import { expect, test } from "bun:test";
import { goingOn, lookFor, type LookForOptions } from "../../cli/command/look-for.ts";
import type { Part, ReadFilter } from "../../src/store/looking.ts";
import type { Store } from "../../src/store/store.ts";
import type { Task } from "../../src/task.ts";

/** A store with these parts; to read one takes 100 ms of the clock. */
function lookThrough(
  parts: readonly Part<number>[],
  options: Partial<LookForOptions> = {},
  filter: ReadFilter = {},
) {
  let time = 0;
  const tasks = (ids: readonly number[]) => ids.map((id) => ({ id }) as Task);
  const store = {
    async *parts() {
      for (const { found, downTo } of parts) {
        time += 100;
        yield { found: tasks(found), downTo };
      }
    },
    lastPushedBefore: async () => 40,
    countBefore: async () => ({ count: 7, isAll: false }),
  } as unknown as Store;
  const all = {
    isPatient: false,
    hasLimit: false,
    kept: (task: Task) => task,
    elapsed: () => time,
  };
  return lookFor(store, { ...filter, limit: 4 }, { ...all, ...options });
}

const none = (downTo: number | null): Part<number> => ({ found: [], downTo });
const SPARSE = [none(90), { found: [85], downTo: 80 }, none(70), none(60), none(50), none(null)];

test("a look that finds too little ends after 300 ms, and says how far it came and how to go on", async () => {
  const found = await lookThrough(SPARSE);
  expect(found).toMatchObject({ tasks: [{ id: 85 }], stoppedAt: 60, rest: null });
  expect(goingOn(found)).toEqual([
    "Looked through the tasks from the newest down to 60 for 400 ms, and found these: --before 60 goes on, --all looks through all",
  ]);
});

test("a look of which nobody waits for the answer goes on to the end", async () => {
  const found = await lookThrough(SPARSE, { isPatient: true });
  expect(found).toMatchObject({ tasks: [{ id: 85 }], stoppedAt: null });
  expect(goingOn(found)).toEqual([]);
});

test("a look tells after each part how far it is", async () => {
  const told: (readonly [downTo: number, found: number])[] = [];
  await lookThrough(SPARSE, { isPatient: true, tell: (...how) => void told.push(how) });
  expect(told).toEqual([
    [90, 0],
    [80, 1],
    [70, 1],
    [60, 1],
    [50, 1],
  ]);
});

test("a look with a limit goes on as long as it finds tasks", async () => {
  const flowing = [90, 80, 70, 60, 50].map((id) => ({ found: [id], downTo: id }));
  const stopped = await lookThrough([...flowing.slice(0, 3), none(65), none(null)], {
    hasLimit: true,
  });
  expect(stopped.stoppedAt).toBe(65);
  expect((await lookThrough(flowing, { hasLimit: true })).stoppedAt).toBeNull();
});

test("a full list says how many more there are, where it can be counted in time", async () => {
  const full = { found: [9, 8, 7, 6], downTo: 5 };
  expect(goingOn(await lookThrough([full]))).toEqual([
    "and 7+ more: --before 6 lists the next, --limit N more at once",
  ]);
  expect(goingOn(await lookThrough([none(10), full]))).toEqual([
    "and perhaps more: --before 6 lists the next, --limit N more at once",
  ]);
});

test("a look for old tasks that ends too early says where they are, about", async () => {
  const [sentence] = goingOn(await lookThrough(SPARSE, {}, { pushedBefore: 1 }));
  expect(sentence).toEndWith(
    "--all looks through all, --before 41 is about where tasks are pushed that early",
  );
});
