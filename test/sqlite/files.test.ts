/** Files that cannot be the database, each with its sentence; and files that can. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import type { TqError } from "../../src/errors.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { SCHEMA_VERSION } from "../../src/sqlite/migrate.ts";
import { SqliteStore } from "../../src/sqlite/store.ts";
import { errorOf } from "../support/error.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { startHelper } from "../support/process.ts";
import { claim, claimFirst, makeStore, newTask, pushOne, withSession } from "../support/store.ts";

function refusal(path: string, timeout = 100): Partial<TqError> {
  try {
    void new SqliteStore({ path, timeout }).close();
  } catch (error) {
    return error as TqError;
  }
  throw new Error(`${path} was taken`);
}

describe("a file that cannot be the database", () => {
  let folder: Folder;
  beforeAll(() => {
    folder = makeFolder();
  });
  afterAll(() => folder[Symbol.dispose]());

  test("because it is not SQLite", () => {
    const path = folder.file("letter.txt");
    writeFileSync(path, "Dear database, ".repeat(1000));
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path}: it is not a SQLite database; move it away, or name another file with --database`,
    });
    expect(readFileSync(path, "utf8")).toStartWith("Dear database");
  });

  test("because it is a folder", () => {
    const path = folder.file("folder");
    mkdirSync(path);
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path} as the database: it is a folder; name a file, for example ${path}/tq.db`,
    });
  });

  test("because its folder does not exist", () => {
    const path = folder.file("no/such/tq.db");
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot make the database ${path}: the folder ${folder.file("no/such")} does not exist; make it first`,
    });
  });

  test("because its folder is a file", () => {
    const file = folder.file("plain");
    writeFileSync(file, "x");
    expect(refusal(`${file}/tq.db`)).toMatchObject({
      code: "database",
      message: `Cannot make the database ${file}/tq.db: the folder ${file} does not exist; make it first`,
    });
  });

  test.each<[what: string, lose: (path: string) => void]>([
    ["is gone", rmSync],
    ["is empty", (path) => writeFileSync(path, "")],
  ])("because it %s and its log is there, with what was committed last", async (what, lose) => {
    await using subject = makeStore();
    const path = folder.file(`${what}.db`);
    await pushOne(subject.store);
    for (const end of ["", "-wal"]) copyFileSync(`${subject.path}${end}`, `${path}${end}`);
    lose(path);
    const log = readFileSync(`${path}-wal`);
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path}: it ${what}, and its log ${path}-wal is there, which a new database would delete; put the right file back, or delete the log to begin anew`,
    });
    expect(readFileSync(`${path}-wal`)).toEqual(log);
    copyFileSync(subject.path, path);
    const store = subject.open({ path });
    expect(await store.list()).toHaveLength(1);
    writeFileSync(`${folder.file("new.db")}-wal`, "");
    await new SqliteStore({ path: folder.file("new.db") }).close();
  });

  test("because a newer tq made it", async () => {
    const path = folder.file("newer.db");
    await new SqliteStore({ path }).close();
    const db = new Database(path);
    db.run(`UPDATE tq__schema SET version = ${SCHEMA_VERSION + 1}`);
    db.close();
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path}: its schema is version ${SCHEMA_VERSION + 1}, and this tq knows up to ${SCHEMA_VERSION}; use a newer tq`,
    });
  });

  test("because it is damaged", async () => {
    const path = folder.file("damaged.db");
    await new SqliteStore({ path }).close();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 100, 4096);
    writeFileSync(path, bytes);
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: expect.stringContaining("restore a backup"),
    });
  });

  test("because another process holds it for longer than the timeout", async () => {
    const path = folder.file("locked.db");
    await using holder = startHelper(`
      const { Database } = await import("bun:sqlite");
      const db = new Database(${JSON.stringify(path)});
      db.run("CREATE TABLE theirs (a)");
      db.run("BEGIN EXCLUSIVE");
      console.log("holding");
      await line();`);
    await holder.line();
    const started = performance.now();
    expect(refusal(path, 200)).toMatchObject({
      code: "busy",
      message: `Cannot write to ${path}: another program holds its lock; end that program's transaction, or raise database.timeout`,
    });
    expect(performance.now() - started).toBeWithin(200, 3_000);
  });

  test("because it takes no write-ahead log", () => {
    expect(refusal(":memory:")).toMatchObject({
      code: "database",
      message: expect.stringContaining(
        'it does not take a write-ahead log (journal mode stays "memory"); put it on a local disk',
      ),
    });
  });
});

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

  test("may be of the first version, and is brought to this one with all that is in it", async () => {
    using folder = makeFolder();
    const path = folder.file("first.db");
    using db = new Database(path);
    db.run(readFileSync(new URL("../../src/sqlite/migrations/001.sql", import.meta.url), "utf8"));
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
      const file = new URL(`../../src/sqlite/migrations/${version}.sql`, import.meta.url);
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

/** A file system of its own. */
function mountTmpfs(path: string, size: string): { remount(how: string): void } & Disposable {
  const run = (...command: string[]) => {
    const { exitCode, stderr } = Bun.spawnSync(command);
    if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  };
  mkdirSync(path, { recursive: true });
  run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
  return {
    remount: (how) => run("mount", "-o", `remount,${how}`, path),
    [Symbol.dispose]: () => run("umount", "-l", path),
  };
}

needs("mount").describe("a file system", () => {
  async function withTmpfs(
    fn: (path: string, remount: (how: string) => void) => Promise<void>,
  ): Promise<void> {
    using folder = makeFolder();
    using mount = mountTmpfs(folder.file("disk"), "4m");
    await fn(folder.file("disk/tq.db"), (how) => mount.remount(how));
  }

  test("that is read-only gives a sentence, and work goes on when it is not any more", () =>
    withTmpfs(async (path, remount) => {
      await new SqliteStore({ path }).close();
      remount("ro");
      const error = refusal(path);
      expect(error.code).toBe("database");
      expect(error.message).toMatch(/^Cannot (write to|open) .*(read-only|may write)/);
      remount("rw");
      const store = new SqliteStore({ path });
      expect(await pushOne(store)).toBe(1);
      await store.close();
    }));

  test("that is full gives a sentence, loses nothing, and work goes on when there is room", () =>
    withTmpfs(async (path, remount) => {
      const store = new SqliteStore({ path });
      const kept = await pushOne(store, { ref: "kept" });
      const args = JSON.stringify(["x".repeat(1_000_000)]);
      const results = [];
      for (let i = 0; i < 6; i++)
        results.push(await pushOne(store, { args }).catch((error: unknown) => error));
      expect(results.at(-1)).toMatchObject({
        code: "full",
        message: `Cannot write to ${path}: the disk is full; free some space and try again`,
      });
      const stored = results.filter((result) => typeof result === "number").length;
      expect(await store.list()).toHaveLength(stored + 1);
      remount("size=64m");
      expect(await pushOne(store, { args })).toBeGreaterThan(kept);
      await store.close();
    }));

  test("that is full fails a push, and those that share its commit are stored or refused as they are told", () =>
    withTmpfs(async (path, remount) => {
      const store = new SqliteStore({ path });
      const args = JSON.stringify(["x".repeat(5_000_000)]);
      const results = await Promise.allSettled([
        pushOne(store),
        pushOne(store, { args }),
        pushOne(store),
      ]);
      const reason = {
        code: "full",
        message: `Cannot write to ${path}: the disk is full; free some space and try again`,
      };
      expect(results[1]).toMatchObject({ status: "rejected", reason });
      const kept = results.filter(({ status }) => status === "fulfilled").length;
      expect(await store.list()).toHaveLength(kept);
      remount("size=64m");
      await pushOne(store, { args });
      expect(await store.list()).toHaveLength(1 + kept);
      await store.close();
    }));
});

test("a database that is damaged from its third page on is refused with a sentence", async () => {
  using folder = makeFolder();
  const path = folder.file("tq.db");
  const store = new SqliteStore({ path });
  await pushOne(store);
  await store.close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xaa, 2 * 4096));
  expect(refusal(path)).toMatchObject({
    code: "database",
    message: `Cannot use ${path}: database disk image is malformed; restore a backup, or save what can be read with sqlite3's .recover`,
  });
});

describe("a database that may not grow", () => {
  test("ends the transaction that met it: what comes after is refused, and stands not alone", async () => {
    await using subject = makeStore();
    const { store } = subject;
    await withSession(store, async (session) => {
      await session.push([newTask()]);
      const db = session.raw(false) as Database;
      db.run("PRAGMA max_page_count = 1");
      const args = JSON.stringify(["x".repeat(100_000)]);
      const full = await errorOf(session.push([newTask({ args })]));
      expect(full).toMatchObject({ code: "full" });
      const after = await errorOf(session.push([newTask()]));
      expect(after).toMatchObject({ code: "conflict" });
      expect(() => db.run("CREATE TABLE thing (a)")).toThrow("was ended before");
    });
    expect(await store.list()).toEqual([]);
  });

  test("fails a settle with a sentence, and the claim still holds", async () => {
    await using subject = makeStore();
    const { store } = subject;
    await pushOne(store);
    const task = await claimFirst(store);
    const settled = store.write(async (session) => {
      (session.raw(false) as Database).run("PRAGMA max_page_count = 1");
      const result = JSON.stringify("x".repeat(200_000));
      await session.settle(task, { kind: "finished", result });
    });
    expect(settled).rejects.toMatchObject({ code: "full" });
    await settled.catch(() => undefined);
    expect(await store.stillHeld([task])).toEqual([task]);
    expect(statSync(subject.path).size).toBeLessThan(1_000_000);
  });
});
