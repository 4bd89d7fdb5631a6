/** Waiting for tasks that somebody else runs. */
import { expect, test } from "bun:test";
import { renameSync } from "node:fs";
import { waitForEnd } from "../../../cli/command/wait.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { errorOf } from "../../support/error.ts";
import { makeFolder } from "../../support/folder.ts";
import { pushOne } from "../../support/store.ts";

test("who waits for a task hears that the database is gone", async () => {
  using folder = makeFolder();
  const path = folder.file("tq.db");
  const store = new SqliteStore({ path });
  const id = await pushOne(store);
  const waiting = errorOf(waitForEnd(store, [id], () => {}));
  renameSync(path, folder.file("elsewhere.db"));
  expect(await waiting).toMatchObject({ code: "database" });
  await store.close();
});
