/** The errors that a task keeps. */
import { describe, expect, test } from "bun:test";
import { claimFirst, pushOne } from "../../support/store.ts";
import { clock, ERROR, fail, finish, store } from "./subject.ts";
import type { Task } from "../../../src/task.ts";

export function taskErrorTests(): void {
  describe("errors", () => {
    async function failAgain(id: number, error = ERROR): Promise<void> {
      await fail(await claimFirst(store), error);
      clock.advance(1000);
      await store.retry(id);
    }

    test("of the same message are kept once, with a count", async () => {
      const id = await pushOne(store);
      const start = clock.now();
      for (let i = 0; i < 3; i++) await failAgain(id);
      await failAgain(id, { ...ERROR, message: "another" });
      expect(await store.errors(id)).toMatchObject([
        { message: "it broke", count: 3, attempt: 3, first_at: start, last_at: start + 2000 },
        { message: "another", count: 1, attempt: 4 },
      ]);
    });

    test("of another name are another error", async () => {
      const id = await pushOne(store);
      await failAgain(id);
      await failAgain(id, { ...ERROR, name: "UserError" });
      expect(await store.errors(id)).toHaveLength(2);
    });

    const leaveBehind = (id: number, attempt = 1, reason = "left work behind") =>
      store.write((session) => session.recordLeftBehind(id, attempt, ERROR, reason));

    test("that a finished task left behind are in its reason, the first of them, and change nothing else", async () => {
      const id = await pushOne(store);
      await finish(await claimFirst(store));
      const before = await store.get(id);
      await leaveBehind(id);
      await leaveBehind(id, 1, "another");
      expect(await store.errors(id)).toMatchObject([{ message: "it broke", count: 2, attempt: 1 }]);
      expect(await store.get(id)).toEqual({ ...before, reason: "left work behind" } as Task);
    });

    test("that an earlier run or a failed task left behind leave the row as it is", async () => {
      const id = await pushOne(store);
      await finish(await claimFirst(store));
      await leaveBehind(id, 0);
      expect(await store.get(id)).toMatchObject({ reason: null });
      const other = await pushOne(store);
      await failAgain(other);
      const before = await store.get(other);
      await leaveBehind(other);
      expect(await store.get(other)).toEqual(before);
    });

    test("that a task left behind which there is no more are dropped", async () => {
      await leaveBehind(99);
      expect(await store.errors(99)).toEqual([]);
    });

    test("of a task without any are none", async () => {
      expect(await store.errors(await pushOne(store))).toEqual([]);
      expect(await store.errors(99)).toEqual([]);
    });
  });
}
