/** SQL of the user's own on PostgreSQL: what it does beyond its transaction. */
import { describe, expect, test } from "bun:test";
import { effectsOf } from "../../src/postgres/user-statement.ts";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { withSession } from "../support/store.ts";

describe("SQL for PostgreSQL", () => {
  test.each([
    "COMMIT",
    "/* a /* b */ c */ commit and chain",
    "END",
    "ABORT",
    "ROLLBACK",
    "PREPARE TRANSACTION 'x'",
    "ROLLBACK TO tq_task",
    'RELEASE SAVEPOINT "tq_task"',
    "SAVEPOINT TQ_TASK",
    "SAVEPOINT tq_row",
    "-- a comment\nrollback work",
  ])("ends the transaction: %s", (text) => {
    expect(effectsOf(text)).toMatchObject({ ends: true, count: 1 });
  });

  test.each([
    "SELECT 'commit'",
    "SELECT $$; COMMIT; $$",
    "SELECT $a$ $$ ; COMMIT $a$ AS commit",
    "SELECT E'\\'; COMMIT; --'",
    'SELECT "end" FROM "commit"',
    "SELECT CASE WHEN true THEN 1 END",
    "ROLLBACK TO mine",
    "SET LOCAL lock_timeout = '1s'",
    "SET CONSTRAINTS ALL DEFERRED",
    "SELECT pg_advisory_xact_lock(1)",
    "UPDATE sale SET name = 'set x = 1'",
    "DO $$ BEGIN PERFORM 1; END $$",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
    "SELECT 1;",
    "SELECT 1 -- ; SELECT 2",
  ])("is one statement without effects beyond it: %s", (text) => {
    expect(effectsOf(text)).toMatchObject({ ends: false, changesConnection: false, count: 1 });
  });

  test.each([
    "SET work_mem = '1MB'",
    "SET SESSION ROLE x",
    "RESET ALL",
    "DISCARD ALL",
    "LISTEN x",
    "CREATE TEMP TABLE x (a int)",
    "CREATE TEMPORARY VIEW x AS SELECT 1",
    "SELECT 1 AS a INTO TEMP x",
    "CREATE TABLE pg_temp.x (a int)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock_shared(1)",
    "SELECT set_config('a.b', 'c', false)",
    "PREPARE x AS SELECT 1",
    "DECLARE x CURSOR WITH HOLD FOR SELECT 1",
  ])("changes the connection: %s", (text) => {
    expect(effectsOf(text)).toMatchObject({ ends: false, changesConnection: true, count: 1 });
  });

  test("has statements and parameters that are counted", () => {
    expect(effectsOf("SELECT 1; SELECT 2")).toMatchObject({ count: 2 });
    expect(effectsOf(" ; -- x\n")).toMatchObject({ count: 0 });
    expect(effectsOf("SELECT $2, $11, '$12', \"$13\", $a$ $14 $a$, x$15")).toMatchObject({
      parameters: 11,
    });
  });
});

needs("postgres").describe("SQL of the user's own", () => {
  test("gives integers as numbers where these hold them, bytes, and columns without rows", async () => {
    await using pg = await makePostgres();
    await pg.store.write(async (session) => {
      const text =
        "SELECT 7::bigint AS a, 9007199254740993 AS b, '\\x00ff'::bytea AS c, 1 AS d, 2 AS d, NULL::bytea AS e";
      expect(await session.sql(text, [])).toEqual({
        columns: ["a", "b", "c", "d", "d", "e"],
        rows: [[7, 9_007_199_254_740_993n, new Uint8Array([0, 255]), 1, 2, null]],
      });
      const none = await session.sql("SELECT 1 AS x WHERE false", []);
      expect(none).toEqual({ columns: ["x"], rows: [] });
    });
  });

  test("that fails ends its transaction, whose commit and later statements say by which error", async () => {
    await using pg = await makePostgres();
    await withSession(pg.store, async (session) => {
      await session.begin();
      expect((await errorOf(async () => session.sql("SELECT 1 / 0", []))).message).toBe(
        "division by zero",
      );
      const sentence =
        "Cannot commit: an error of its SQL has undone the transaction before (division by zero)";
      const later = await errorOf(async () => session.sql("SELECT 1", []));
      expect(later.message).toContain(sentence);
      const error = await errorOf(session.commit());
      expect(error.message).toContain(sentence);
    });
    expect(await pg.store.list()).toEqual([]);
  });

  test("that fails behind a savepoint of its own is undone alone", async () => {
    await using pg = await makePostgres();
    await pg.store.write(async (session) => {
      await session.sql("CREATE TABLE x (a int)", []);
      await session.sql("SAVEPOINT mine", []);
      await errorOf(async () => session.sql("SELECT 1 / 0", []));
      await session.sql("ROLLBACK TO mine", []);
      await session.sql("INSERT INTO x VALUES ($1)", [7]);
    });
    expect(await pg.database.run("SELECT a FROM x")).toEqual([{ a: 7 }]);
  });

  test("that changes its connection reaches no later transaction", async () => {
    await using pg = await makePostgres({ connections: 1 });
    const memory = () =>
      withSession(pg.store, async (session) => {
        await session.begin();
        const { rows } = await session.sql("SHOW work_mem", []);
        await session.commit();
        return rows[0]?.[0];
      });
    const before = await memory();
    await pg.store.write(async (session) => {
      await session.sql("SET work_mem = '1234kB'", []);
      expect(session.spoilt).toBe(true);
    });
    expect(await memory()).toBe(before);
  });
});
