/** Saves that a session on PostgreSQL keeps back, to send them together. */
import { afterEach, expect, mock, spyOn, test } from "bun:test";
import { Connection, type SqlValue } from "../../src/postgres/connection.ts";
import type { Records } from "../../src/store/records.ts";
import type { Session } from "../../src/store/session.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { errorOf } from "../support/error.ts";
import { withSession } from "../support/store.ts";
import { inSession, table } from "./support.ts";

const ITEM = table("item", { n: "NUMERIC", size: "INTEGER", text: "TEXT", bytes: "BLOB" });
const PLAIN = table("plain", { n: "NUMERIC", size: "INTEGER", text: "TEXT" });

afterEach(() => mock.restore());

/** Makes three rows of a table, which are read in a transaction without savepoints. */
async function withRows(
  pg: TestPostgres,
  of: typeof ITEM,
  fn: (records: Records, session: Session) => Promise<unknown>,
): Promise<void> {
  const values = of.columns.map(({ type }) => (type === "TEXT" || type === "BLOB" ? null : 0));
  await inSession(pg, async (records) => {
    await records.ensureTable(of);
    for (let row = 1; row <= 3; row++) await records.insert(of, values);
  });
  await withSession(pg.store, async (session) => {
    session.shareTransactions?.({ savepoints: false });
    await session.begin();
    await fn(session.records, session);
  });
}

/** The UPDATE statements of models' tables from now on. */
function updates(): string[] {
  const seen: string[] = [];
  const run = Connection.prototype["run"] as (
    this: Connection,
    text: string,
    values?: readonly SqlValue[],
  ) => Promise<number>;
  spyOn(Connection.prototype, "run").mockImplementation(function (this: Connection, text, values) {
    const [, name] = /UPDATE "(\w+)"/.exec(text) ?? [];
    if (name) seen.push(`${name} ${text.includes("unnest") ? "many" : "one"}`);
    return run.call(this, text, values);
  });
  return seen;
}

needs("postgres").describe("saves that go together on PostgreSQL", () => {
  test("are one statement for all rows of the same columns, sent with the commit", async () => {
    await using pg = await makePostgres();
    await withRows(pg, PLAIN, async (records, session) => {
      const rows = await records.read(PLAIN, [1, 2, 3]);
      const seen = updates();
      const [first = null, second = null, third = null] = rows;
      const n = (value: number) => [{ column: "n", value }];
      expect(records.update(PLAIN, 3, n(0.1), third)).toBe("ok");
      expect(records.update(PLAIN, 1, n(1e300), first)).toBe("ok");
      expect(records.update(PLAIN, 2, [{ column: "text", value: '{"NULL"}' }], second)).toBe("ok");
      expect(records.update(PLAIN, 1, [{ column: "size", value: 2n ** 60n }], null)).toBe("ok");
      expect(seen).toEqual([]);
      await session.commit();
      expect(seen).toEqual(["plain many", "plain many", "plain many"]);
      const kept = await pg.database.run("SELECT n::text, size::text, text FROM plain ORDER BY id");
      expect(kept).toEqual([
        { n: "1e+300", size: "1152921504606846976", text: null },
        { n: "0", size: "0", text: '{"NULL"}' },
        { n: "0.1", size: "0", text: null },
      ]);
    });
  });

  test("go before all that reads, and alone where a list does not hold their values", async () => {
    await using pg = await makePostgres();
    await withRows(pg, ITEM, async (records, session) => {
      const [first = null, second = null, third = null] = await records.read(ITEM, [1, 2, 3]);
      const seen = updates();
      const bytes = new Uint8Array([0, 255]);
      expect(await records.update(ITEM, 1, [{ column: "n", value: 5 }], first)).toBe("ok");
      expect(await records.update(ITEM, 2, [{ column: "n", value: -0 }], second)).toBe("ok");
      expect(seen).toEqual(["item many", "item one"]);
      expect(await records.update(ITEM, 3, [{ column: "bytes", value: bytes }], third)).toBe("ok");
      expect(seen).toEqual(["item many", "item one", "item one"]);
      expect(await records.update(ITEM, 1, [{ column: "n", value: 6 }], null)).toBe("ok");
      expect(await records.search(ITEM, [], {})).toEqual([
        [1, 6, 0, null, null],
        [2, -0, 0, null, null],
        [3, 0, 0, null, bytes],
      ]);
      await session.commit();
    });
  });

  test("are forgotten with a rollback, and undo the transaction where a row has changed", async () => {
    await using pg = await makePostgres();
    await withRows(pg, PLAIN, async (records, session) => {
      const [first = null] = await records.read(PLAIN, [1]);
      expect(records.update(PLAIN, 1, [{ column: "n", value: 5 }], first)).toBe("ok");
      await session.rollback();
      await session.begin();
      await pg.database.run("UPDATE plain SET n = 1 WHERE id = 1");
      expect(await records.read(PLAIN, [1])).toEqual([[1, 1, 0, null]]);
      expect(records.update(PLAIN, 1, [{ column: "n", value: 7 }], first)).toBe("ok");
      expect((await errorOf(async () => records.read(PLAIN, [2]))).message).toContain(
        "Cannot go on",
      );
      expect(session.unseenError).not.toBeNull();
      await errorOf(session.commit());
    });
    expect(await pg.database.run("SELECT n FROM plain WHERE id = 1")).toEqual([{ n: 1 }]);
  });
});
