/** Restores that are refused: each leaves the database as it was. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, linkSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { errorOf } from "../../support/error.ts";
import { newTask, pushOne } from "../../support/store.ts";
import { restoreSubject } from "./subject.ts";

describe("a restore is refused, and changes nothing,", () => {
  test("of the database onto itself", async () => {
    await using subject = restoreSubject();
    await subject.use(pushOne);
    expect(await errorOf(() => subject.restore({ file: subject.path }))).toMatchObject({
      code: "invalid",
      message: `Cannot restore ${subject.path}: it is the database itself`,
    });
  });

  test.each([
    ["the database itself", ""],
    ["a part of the database itself (-wal)", "-wal"],
    ["a part of the database itself (-shm)", "-shm"],
  ])("of another name (hard link) of %s", async (what, suffix) => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await pushOne(store);
      linkSync(`${subject.path}${suffix}`, subject.copy);
      expect(await errorOf(() => subject.restore())).toMatchObject({
        code: "invalid",
        message: `Cannot restore ${subject.copy}: it is ${what}`,
      });
    });
    expect(readdirSync(subject.file("")).filter((name) => name.includes("former"))).toEqual([]);
  });

  test("of no file, and of a folder", async () => {
    await using subject = restoreSubject();
    const { copy } = subject;
    expect(await errorOf(() => subject.restore())).toMatchObject({
      code: "not_found",
      message: `There is no file ${copy} to restore`,
    });
    expect(await errorOf(() => subject.restore({ file: subject.file("") }))).toMatchObject({
      code: "invalid",
      message: expect.stringContaining("it is a folder; name a file in it"),
    });
    expect(existsSync(subject.path)).toBe(false);
  });

  test.skipIf(process.platform === "win32")("of a pipe, which nobody writes", async () => {
    await using subject = restoreSubject();
    Bun.spawnSync(["mkfifo", subject.copy]);
    expect(await errorOf(() => subject.restore())).toMatchObject({
      code: "invalid",
      message: `Cannot restore ${subject.copy}: it is no regular file`,
    });
  });

  test("where a folder has the name of the database", async () => {
    await using subject = restoreSubject();
    await subject.use((store) => store.backup(subject.copy));
    const database = subject.file("folder");
    mkdirSync(database);
    expect(await errorOf(() => subject.restore({ database }))).toMatchObject({
      code: "database",
      message: `Cannot restore ${database}: it is a folder; name a file, for example ${database}/tq.db`,
    });
  });

  test.each(["tq__task", "tq__cron", "tq__alert", "tq__copy"])(
    "of a file whose table %s has another name",
    async (table) => {
      await using subject = restoreSubject();
      await subject.use((store) => store.backup(subject.copy));
      using copy = new Database(subject.copy);
      copy.run(`ALTER TABLE ${table} RENAME TO moved`);
      copy.close();
      expect(await errorOf(() => subject.restore())).toMatchObject({
        code: "database",
        message: `Cannot restore ${subject.copy}: it is not as tq backup has written it (no such table: ${table}); take another copy`,
      });
      expect(subject.rows("SELECT count(*) FROM tq__task")).toEqual([[0]]);
    },
  );

  test("of a file of a newer tq", async () => {
    await using subject = restoreSubject();
    await subject.use((store) => store.backup(subject.copy));
    using newer = new Database(subject.copy);
    newer.run("UPDATE tq__schema SET version = 1000");
    newer.close();
    expect(await errorOf(() => subject.restore())).toMatchObject({
      code: "database",
      message: expect.stringContaining("its schema is version 1000"),
    });
  });

  test("of a damaged file", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await store.push(Array.from({ length: 500 }, () => newTask()));
      await store.backup(subject.copy);
    });
    const bytes = new Uint8Array(await Bun.file(subject.copy).arrayBuffer());
    bytes.fill(7, bytes.length / 2, bytes.length / 2 + 8_192);
    writeFileSync(subject.copy, bytes);
    expect(await errorOf(() => subject.restore())).toMatchObject({ code: "database" });
    expect(subject.rows("SELECT count(*) FROM tq__task")).toEqual([[500]]);
  });

  test("while a worker lives, also where the database cannot be read", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await store.backup(subject.copy);
      await store.register({ id: "w1", pid: 77, threads: 1, queues: [] });
      expect(await errorOf(() => subject.restore())).toMatchObject({
        code: "conflict",
        message: `Cannot restore ${subject.path}: worker w1 (pid 77) lives; stop it first`,
      });
      await store.unregister("w1");
    });
    expect(subject.restore()).toMatchObject({ path: subject.path });
  });

  test("while another program has the database open", async () => {
    await using subject = restoreSubject();
    await subject.use((store) => store.backup(subject.copy));
    using other = new Database(subject.path);
    other.query("SELECT count(*) FROM tq__task").get();
    expect(await errorOf(() => subject.restore())).toMatchObject({
      code: "busy",
      message: expect.stringContaining(`another program has ${subject.path} open`),
    });
  }, 20_000);

  test("onto the database of another program", async () => {
    await using subject = restoreSubject();
    await subject.use((store) => store.backup(subject.copy));
    using other = new Database(subject.file("songs.db"));
    other.run("CREATE TABLE song (name TEXT)");
    other.close();
    const database = subject.file("songs.db");
    expect(await errorOf(() => subject.restore({ database }))).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("it is the database of another program"),
    });
    expect(subject.rows("SELECT name FROM sqlite_schema", database)).toEqual([["song"]]);
  });

  test("where the disk has no room beside what the queue must keep", async () => {
    await using subject = restoreSubject();
    await subject.use((store) => store.backup(subject.copy));
    expect(await errorOf(() => subject.restore({ minFree: 1e15 }))).toMatchObject({
      code: "full",
      message: expect.stringMatching(
        /^Cannot restore .*: it needs .* kB, and the disk of .* has .* free, of which database.min_free_mb keeps/,
      ),
    });
    expect(readdirSync(subject.file("")).toSorted()).toEqual(["copy.db", "tq.db"]);
  });
});
