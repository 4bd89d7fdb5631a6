/** Somebody else's tables and views under the names of tq's. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { openStore } from "../../src/open-store.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { sentenceOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";

test.each([
  ["CREATE TABLE tq_tasks (x)", "table tq_tasks already exists"],
  ["CREATE VIEW tq_push AS SELECT 1 AS x", "view tq_push already exists"],
  ["CREATE TABLE tq__cron (x)", "table tq__cron already exists"],
])(
  "what somebody else has made under a name of tq's is refused, and stays: %s",
  async (made, what) => {
    using folder = makeFolder();
    const path = folder.file("tq.db");
    using db = new Database(path);
    db.run(made);
    const open = async () => openStore(parseSettings({ database: { path } }, "test"));
    expect(await sentenceOf(open)).toBe(
      `Cannot make a queue in ${path}: ${what}, which tq did not make; rename that one, or name another database`,
    );
    expect(db.query("SELECT count(*) AS all_of_them FROM sqlite_schema").get()).toEqual({
      all_of_them: 1,
    });
  },
);
