/** Files that can be the database: made, of an older version, empty, of an application. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { nextTurn } from "../../../src/next-turn.ts";
import { SCHEMA_VERSION } from "../../../src/sqlite/migrate.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { makeFolder } from "../../support/folder.ts";
import { startHelper } from "../../support/process.ts";
import { claim, claimFirst, makeStore, newTask, pushOne } from "../../support/store.ts";

describe("a file that can be the database", () => {
  test("is made, readable by every SQLite", async () => {
    await using subject = makeStore();
    const db = new Database(subject.path);
    expect(db.query("SELECT version FROM tq__schema").all()).toEqual([{ version: SCHEMA_VERSION }]);
    expect(db.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    expect(db.query("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
    db.close();
  });

  test.each([0, 1, 7, 20_240_101])(
    "may be an application's own, whose user_version stays its own: %d",
    async (version) => {
      using folder = makeFolder();
      const path = folder.file("theirs.db");
      using db = new Database(path);
      db.run("CREATE TABLE theirs (a)");
      const userVersion = () => db.query("PRAGMA user_version").get();
      for (const set of [version, version + 1]) {
        db.run(`PRAGMA user_version = ${set}`);
        const store = new SqliteStore({ path });
        await pushOne(store);
        await store.close();
        expect(userVersion()).toEqual({ user_version: set });
      }
      expect(db.query("SELECT count(*) AS n FROM tq_tasks").get()).toEqual({ n: 2 });
    },
  );

  test("may lie in a folder that a link leads to, and is the same when that leads elsewhere later", async () => {
    using folder = makeFolder();
    for (const name of ["r1", "r2"]) mkdirSync(folder.file(name));
    symlinkSync("r1", folder.file("current"));
    const store = new SqliteStore({ path: folder.file("current/tq.db") });
    await pushOne(store);
    rmSync(folder.file("current"));
    symlinkSync("r2", folder.file("current"));
    const other = new SqliteStore({ path: store.name });
    expect(await claimFirst(other)).toMatchObject({ id: 1 });
    expect(existsSync(folder.file("r2/tq.db"))).toBe(false);
    await other.close();
    await store.close();
  });

  test("may be of the first version, and is brought to this one with all that is in it", async () => {
    using folder = makeFolder();
    const path = folder.file("first.db");
    using db = new Database(path);
    db.run(
      readFileSync(new URL("../../../src/sqlite/migrations/001.sql", import.meta.url), "utf8"),
    );
    db.run("PRAGMA user_version = 1");
    const insert = "INSERT INTO tq_push (model, method, instances) VALUES ('sale', 'process', '7')";
    db.run(insert);
    const store = new SqliteStore({ path });
    expect(await claimFirst(store)).toMatchObject({ id: 1, model: "sale" });
    db.run(insert);
    expect(await claimFirst(store)).toMatchObject({ id: 2 });
    await store.close();
    expect(db.query("SELECT version FROM tq__schema").all()).toEqual([{ version: SCHEMA_VERSION }]);
  });

  test("may be of the second version, and knows of tasks that were put off that they were", async () => {
    using folder = makeFolder();
    const path = folder.file("second.db");
    using db = new Database(path);
    for (const version of ["001", "002"]) {
      const file = new URL(`../../../src/sqlite/migrations/${version}.sql`, import.meta.url);
      db.run(readFileSync(file, "utf8"));
    }
    const insert = "INSERT INTO tq_push (model, method, instances) VALUES ('sale', 'process', '7')";
    for (let task = 0; task < 3; task++) db.run(insert);
    const at = 1_900_000_000_000;
    db.run(`UPDATE tq__task SET state = 'scheduled', scheduled_at = ${at}`);
    db.run("UPDATE tq__task SET attempts = 2 WHERE id = 1");
    db.run("UPDATE tq__task SET attempts = 1, enqueued_at = 1899999999999 WHERE id = 2");
    await new SqliteStore({ path }).close();
    expect(db.query("SELECT id, postponed, postponed_at FROM tq__task").all()).toEqual([
      { id: 1, postponed: 2, postponed_at: at - 3_600_000 },
      { id: 2, postponed: 1, postponed_at: at - 1 },
      { id: 3, postponed: 0, postponed_at: null },
    ]);
  });

  test("may be empty", async () => {
    using folder = makeFolder();
    const path = folder.file("empty.db");
    writeFileSync(path, "");
    const store = new SqliteStore({ path });
    expect(await pushOne(store)).toBe(1);
    await store.close();
  });

  test("may have an application's tables: tq's come beside them", async () => {
    using folder = makeFolder();
    const path = folder.file("app.db");
    const app = new Database(path);
    app.run("CREATE TABLE sale (id INTEGER PRIMARY KEY, state TEXT)");
    app.run("INSERT INTO sale VALUES (7, 'draft')");
    const store = new SqliteStore({ path });
    app.run("BEGIN");
    app.run("UPDATE sale SET state = 'confirmed'");
    app.run("INSERT INTO tq_push (model, method, instances) VALUES ('sale', 'process', '[7]')");
    app.run("COMMIT");
    expect(await claim(store)).toMatchObject([{ model: "sale", instances: "[7]" }]);
    expect(app.query("SELECT * FROM sale").all()).toEqual([{ id: 7, state: "confirmed" }]);
    app.close();
    await store.close();
  });

  test("keeps its tasks when it is opened again", async () => {
    await using subject = makeStore();
    await pushOne(subject.store, { ref: "kept" });
    await subject.store.close();
    expect(await subject.open().getByRef("kept")).not.toBeNull();
  });

  test("is opened by several processes at once while it is new", async () => {
    using folder = makeFolder();
    const path = folder.file("race.db");
    const code = `
      const { SqliteStore } = await import("./src/sqlite/store.ts");
      console.log("loaded");
      await line();
      const store = new SqliteStore({ path: ${JSON.stringify(path)} });
      console.log((await store.push([${JSON.stringify(newTask())}])).length);
      await store.close();`;
    const helpers = Array.from({ length: 4 }, () => startHelper(code));
    try {
      await Promise.all(helpers.map((helper) => helper.line()));
      for (const helper of helpers) helper.send("go");
      expect(await Promise.all(helpers.map((helper) => helper.line()))).toEqual([
        "1",
        "1",
        "1",
        "1",
      ]);
    } finally {
      for (const helper of helpers) await helper[Symbol.asyncDispose]();
    }
  });

  test("is one database under all its names: turns and proof of life too", async () => {
    await using subject = makeStore({ timeout: 300 });
    const { store, path } = subject;
    symlinkSync(path, `${path}-link`);
    symlinkSync("tq.db-link", `${path}-link2`);
    const other = subject.open({ path: `${path}-link2` });
    expect(other.name).toBe(path);
    await Promise.all(
      [store, other, store, other].map((on) =>
        on.write(async (session) => {
          await session.push([newTask()]);
          await nextTurn();
        }),
      ),
    );
    expect(await store.list()).toHaveLength(4);
    await store.register({ id: "w", pid: 1, threads: 1, queues: [] });
    expect(await other.rescueDead(3)).toEqual([]);
    await store.unregister("w");
  });
});
