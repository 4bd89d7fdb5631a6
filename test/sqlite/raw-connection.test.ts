/** The raw connection of a session: user code in its transaction. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { effectsOf } from "../../src/sqlite/user-sql.ts";
import type { Session } from "../../src/store/session.ts";
import { makeStore, newTask, pushOne, withSession } from "../support/store.ts";

function raw(session: Session): Database {
  return session.raw(false) as Database;
}

describe("the raw connection", () => {
  test("works in the session's own transaction, and rolls back with it", async () => {
    await using subject = makeStore();
    const { store } = subject;
    await withSession(store, async (session) => {
      const db = raw(session);
      db.run("CREATE TABLE thing (a)");
      db.query("INSERT INTO thing VALUES ($a)").run({ a: 7 });
      await session.push([newTask()]);
      expect(db.query("SELECT a FROM thing").all()).toEqual([{ a: 7 }]);
      expect(db.inTransaction).toBe(true);
    });
    await withSession(store, async (session) => {
      expect(() => raw(session).query("SELECT * FROM thing")).toThrow("no such table");
      expect(await store.list()).toEqual([]);
    });
  });

  test("leaves the connection free of what it read half", async () => {
    await using subject = makeStore();
    const { store } = subject;
    await pushOne(store);
    for (const end of ["commit", "rollback"] as const) {
      await withSession(store, async (session) => {
        raw(session).query("SELECT id FROM tq__task").iterate().next();
        await session[end]();
      });
      using other = new Database(store.name);
      other.run("UPDATE tq__task SET priority = priority + 1");
      await withSession(store, async (session) => {
        await session.push([newTask()]);
        await session.commit();
      });
    }
    expect(await store.list()).toHaveLength(3);
  });

  test("refuses what was kept beyond a commit, before it does anything", async () => {
    await using subject = makeStore();
    await withSession(subject.store, async (session) => {
      const db = raw(session);
      db.run("CREATE TABLE thing (a)");
      const insert = db.prepare("INSERT INTO thing VALUES (1)");
      await session.commit();
      for (const use of [() => insert.run(), () => db.run("INSERT INTO thing VALUES (2)")]) {
        expect(use).toThrow("its transaction has ended; get it again");
      }
      expect(raw(session).query("SELECT * FROM thing").all()).toEqual([]);
      expect(() => insert.run()).toThrow("get it again"); // of the transaction before this one
    });
  });

  test("refuses all use when the session has ended, also through what was kept", async () => {
    await using subject = makeStore();
    const { store } = subject;
    const session = store.session();
    const db = raw(session);
    db.run("CREATE TABLE thing (a)");
    const insert = db.prepare("INSERT INTO thing VALUES (?)");
    const select = db.query("SELECT a FROM thing");
    insert.run(1);
    insert.run(2);
    const rows = select.iterate();
    rows.next();
    const twice = db.transaction((a: number) => insert.run(a));
    await session.commit();
    await store.release(session);
    const uses: (() => unknown)[] = [
      () => db.run("INSERT INTO thing VALUES (9)"),
      () => db.query("SELECT 1"),
      () => db.prepare("SELECT 1"),
      () => insert.run(9),
      () => select.all(),
      () => select.get(),
      () => select.values(),
      () => [...select.iterate()],
      () => rows.next(),
      () => twice(9),
      () => twice.deferred(9),
      () => twice.immediate(9),
      () => db.transaction(() => 1),
      () => db.serialize(),
    ];
    for (const use of uses) expect(use).toThrow("Cannot use this transaction: it has ended");
    await withSession(store, async (next) => {
      expect(raw(next).query("SELECT count(*) AS n FROM thing").get()).toEqual({ n: 2 });
    });
  });

  test.each([
    ["PRAGMA recursive_triggers = 1", "PRAGMA recursive_triggers", { recursive_triggers: 0 }],
    ["CREATE TEMP TABLE mine (a)", "SELECT count(*) AS n FROM sqlite_temp_schema", { n: 0 }],
    ["create /* */ table temp.mine (a)", "SELECT count(*) AS n FROM sqlite_temp_schema", { n: 0 }],
    ["ATTACH ':memory:' AS mine", "SELECT count(*) AS n FROM pragma_database_list", { n: 1 }],
  ])("leaves nothing to the transactions after it: %s", async (sql, look, expected) => {
    await using subject = makeStore();
    for (const end of ["commit", "rollback"] as const) {
      await withSession(subject.store, async (session) => {
        raw(session).run(sql);
        await session[end]();
        expect(raw(session).query(look).get()).toEqual(expected);
      });
    }
  });

  test.each([
    (db: Database) => db.query("SELECT 1 AS n").safeIntegers(true),
    (db: Database) => db.query("SELECT 1 AS n").as(class {}),
  ])("leaves nothing in its statements to the transactions after it", async (change) => {
    await using subject = makeStore();
    await withSession(subject.store, async (session) => {
      change(raw(session));
      await session.commit();
      const row = raw(session).query("SELECT 1 AS n").get();
      expect([row, Object.getPrototypeOf(row)]).toEqual([{ n: 1 }, Object.prototype]);
    });
  });

  test("has properties that nobody sets", async () => {
    await using subject = makeStore();
    await withSession(subject.store, async (session) => {
      const db = raw(session);
      for (const set of [
        () => Object.assign(db, { query: () => null }),
        () => Object.defineProperty(db, "query", { value: () => null }),
        () => Reflect.deleteProperty(db, "query"),
        () => Object.setPrototypeOf(db, {}) as unknown,
      ]) {
        expect(set).toThrow("of this connection: it belongs to the transaction");
      }
      expect(Reflect.get(db.query("SELECT 1"), "native")).toBeUndefined();
      expect(db.query("SELECT 1 AS n").get()).toEqual({ n: 1 });
    });
  });

  test("is the same one as long as nobody changes it", async () => {
    await using subject = makeStore();
    const ids = new Set<unknown>();
    for (const _ of [1, 2, 3]) {
      await withSession(subject.store, async (session) => {
        const db = raw(session);
        ids.add(db.handle);
        db.run("CREATE TABLE IF NOT EXISTS temperature (value REAL)");
        db.query("SELECT temp.value FROM temperature AS temp").all();
        await session.commit();
      });
    }
    expect(ids.size).toBe(1);
  });

  test.each([
    "COMMIT",
    "commit;",
    " /* now */ -- really\nEND TRANSACTION",
    "ROLLBACK",
    "INSERT INTO thing VALUES (1); COMMIT; BEGIN",
    "RELEASE tq_task",
    "ROLLBACK TO SAVEPOINT [tq_task]",
    'SAVEPOINT "tq_task"',
    "CREATE TABLE trigger (a); COMMIT; BEGIN",
    `INSERT INTO thing VALUES ('${"it''s ".repeat(1_000_000)}'); COMMIT; BEGIN`,
  ])("cannot end the transaction by hand: %s", async (sql) => {
    await using subject = makeStore();
    const { store } = subject;
    await withSession(store, async (session) => {
      const db = raw(session);
      db.run("CREATE TABLE thing (a)");
      for (const use of [
        () => db.run(sql),
        () => db.exec(sql),
        () => db.prepare(sql),
        () => db.query(sql),
      ]) {
        expect(use).toThrow("would end the transaction");
      }
      expect(db.query("SELECT count(*) AS n FROM thing").get()).toEqual({ n: 0 });
      await session.commit();
    });
  });

  test.each([
    "ROLLBACK TO mine",
    "SAVEPOINT a; RELEASE a",
    "INSERT INTO thing VALUES ('; COMMIT')",
    'SELECT 1 AS "commit" -- ; COMMIT',
    "CREATE TRIGGER t AFTER INSERT ON thing BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM thing; END",
    "CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON thing BEGIN SELECT 1; END; SELECT 2",
    "EXPLAIN COMMIT",
    "SELECT 'unfinished",
  ])("may run what leaves the transaction open: %s", (sql) => {
    expect(effectsOf(sql).ends).toBe(false);
  });

  test("finds the end behind a trigger's own", () => {
    const trigger = "CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT 1; END";
    expect(effectsOf(`${trigger}; COMMIT`).ends).toBe(true);
  });

  test("gives nested transactions of its own, undone alone", async () => {
    await using subject = makeStore();
    await withSession(subject.store, async (session) => {
      const db = raw(session);
      db.run("CREATE TABLE thing (a)");
      const add = db.transaction((a: number) => {
        db.run("INSERT INTO thing VALUES (?)", [a]);
        if (a === 2) throw new Error("not two");
        return a * 10;
      });
      expect(add(1)).toBe(10);
      expect(() => add(2)).toThrow("not two");
      expect(add.immediate(3)).toBe(30);
      expect(Reflect.get(add, "database")).toBe(db);
      expect(db.query("SELECT a FROM thing").values()).toEqual([[1], [3]]);
      await session.commit();
    });
  });

  test("cannot be closed", async () => {
    await using subject = makeStore();
    await withSession(subject.store, async (session) => {
      const db = raw(session);
      expect(() => db.close()).toThrow("Cannot close this connection");
      expect(() => db[Symbol.dispose]()).toThrow("Cannot close this connection");
    });
  });

  test("is refused while another transaction of this thread writes, and held for the next one after it", async () => {
    await using subject = makeStore();
    const { store } = subject;
    await withSession(store, async (first) => {
      await first.begin();
      await withSession(store, async (second) => {
        expect(() => second.raw(false)).toThrow("another transaction of this program is writing");
      });
    });
    await withSession(store, async (session) => {
      raw(session);
      expect(session.writing).toBe(true);
    });
    expect(await pushOne(store)).toBeGreaterThan(0);
  });

  test("leaves how long the connection waits as it was", async () => {
    await using subject = makeStore({ timeout: 1234 });
    await withSession(subject.store, async (session) => {
      expect(raw(session).query("PRAGMA busy_timeout").get()).toEqual({ timeout: 5 });
    });
  });

  test("with a savepoint is undone alone", async () => {
    await using subject = makeStore();
    await subject.store.write(async (session) => {
      const db = session.raw(true) as Database;
      db.run("CREATE TABLE thing (a)");
      await session.rollbackToSavepoint();
      await session.push([newTask()]);
    });
    expect(await subject.store.list()).toHaveLength(1);
  });
});
