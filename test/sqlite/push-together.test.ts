/** Pushes of one commit, of which one ends the transaction of all, as an error of the disk does. */
import { expect, test } from "bun:test";
import { connect } from "../../src/sqlite/connection.ts";
import { makeStore, newTask } from "../support/store.ts";

const ENDS_ALL = `
  CREATE TRIGGER ends_all BEFORE INSERT ON tq__task WHEN new.model = 'broken'
  BEGIN SELECT RAISE(ROLLBACK, 'the disk is broken'); END`;

test("pushes whose transaction is gone are all refused with its error, and later ones are stored", async () => {
  await using site = makeStore();
  const db = connect({ path: site.path, timeout: 5_000 });
  db.run(ENDS_ALL);
  db.close();
  const together = ["a", "broken", "b"].map((model) => site.store.push([newTask({ model })]));
  for (const end of await Promise.allSettled(together)) {
    expect(end).toMatchObject({ status: "rejected" });
    expect(String((end as PromiseRejectedResult).reason)).toContain("the disk is broken");
  }
  expect(await site.store.list()).toEqual([]);
  expect(await site.store.push([newTask()])).toHaveLength(1);
});
