/** SQLite keeps a NUL in the message of an error: the line by which failures are told apart ends before it. */
import { expect, test } from "bun:test";
import { failedGroups } from "../../src/tasks/failed-groups.ts";
import { claimFirst, makeStore, pushOne } from "../support/store.ts";

test("the filter for an error finds those whose message goes on with a NUL", async () => {
  await using subject = makeStore();
  const { store } = subject;
  for (const message of ["with\0nul", "with\0another", "with"]) {
    await pushOne(store);
    const run = await claimFirst(store);
    const error = { name: "Error", message, stack: "" };
    await store.write((session) => session.settle(run, { kind: "failed", error }));
  }
  const { groups } = await failedGroups(store);
  expect(groups).toMatchObject([{ error: "Error: with", count: 3 }]);
  expect(await store.list({ error: "Error: with" })).toHaveLength(3);
});
