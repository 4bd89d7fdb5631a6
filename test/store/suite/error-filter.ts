/** The filter for an error finds exactly the tasks of a group of failures. */
import { describe, expect, test } from "bun:test";
import { failedGroups } from "../../../src/tasks/failed-groups.ts";
import { claimFirst, pushOne } from "../../support/store.ts";
import { push } from "./filters.ts";
import { fail, store } from "./subject.ts";

const LONG = "🦆é".repeat(1_000);

/** Each list is a group of its own. */
const MESSAGES = [
  ["disk full"],
  ["Disk full"],
  ["disk full at 7", "disk full at 7\nline 2", "disk full at 7\n"],
  ["*"],
  ["%_[a]"],
  ["\r"],
  [" ", " \n"],
  [LONG, `${LONG}!`, `${LONG}\nmore`],
  [`!${LONG}`],
];

export function errorFilterTests(): void {
  describe("the filter for an error", () => {
    test("finds the tasks of each group of failures, and no others", async () => {
      const messages = MESSAGES.flat();
      await push(...messages.map(() => ({})));
      for (const message of messages) {
        await fail(await claimFirst(store), { name: "Error", message, stack: "" });
      }
      const { groups } = await failedGroups(store);
      expect(groups.map(({ count }) => count)).toEqual(
        MESSAGES.map(({ length }) => length).sort((a, b) => b - a),
      );
      for (const { error, count, model, method } of groups) {
        for (const given of [error, `${error}\n    at line 7`]) {
          const found = await store.list({ error: given, model, method });
          expect([error, found.length]).toEqual([error, count]);
        }
      }
    });

    test("finds no task that is retried, or was cancelled for a reason of that text", async () => {
      const id = await pushOne(store);
      await fail(await claimFirst(store));
      await store.cancel(await pushOne(store), "Error: it broke");
      const error = "Error: it broke";
      expect((await store.list({ error })).map((task) => task.id)).toEqual([id]);
      await store.retry(id);
      expect(await store.list({ error })).toEqual([]);
    });
  });
}
