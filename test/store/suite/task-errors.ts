/** The errors that a task keeps. */
import { describe, expect, test } from "bun:test";
import { claimFirst, pushOne } from "../../support/store.ts";
import { clock, ERROR, fail, finish, store } from "./subject.ts";

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

    test("that a task left behind after its end leave the task as it is", async () => {
      const id = await pushOne(store);
      await finish(await claimFirst(store));
      const before = await store.get(id);
      for (let i = 0; i < 2; i++) await store.write((session) => session.recordError(id, 1, ERROR));
      expect(await store.errors(id)).toMatchObject([{ message: "it broke", count: 2, attempt: 1 }]);
      expect(await store.get(id)).toEqual(before);
    });

    test("of a task without any are none", async () => {
      expect(await store.errors(await pushOne(store))).toEqual([]);
      expect(await store.errors(99)).toEqual([]);
    });
  });
}
