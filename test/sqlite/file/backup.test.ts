/** A copy of a database in use. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { writeBackup } from "../../../src/sqlite/file/backup.ts";
import { errorOf } from "../../support/error.ts";
import { startHelper } from "../../support/process.ts";
import { makeStore, newTask, pushOne, withSession } from "../../support/store.ts";

const FIFTY = Array.from({ length: 50 }, () => newTask());

describe("a backup", () => {
  test("has what was committed last, and nothing of a transaction under way", async () => {
    await using subject = makeStore();
    const { store, path } = subject;
    await pushOne(store, { ref: "first" });
    await withSession(store, async (session) => {
      await session.push([newTask({ ref: "not committed" })]);
      await store.backup(`${path}-copy`);
      await session.commit();
    });
    await pushOne(store, { ref: "later" });
    const copy = subject.open({ path: `${path}-copy` });
    expect((await copy.list()).map(({ ref }) => ref)).toEqual(["first"]);
    expect(await store.list()).toHaveLength(3);
  });

  test("is sound while other processes write, and leaves the database its locks", async () => {
    await using subject = makeStore();
    const { store, path } = subject;
    await using writer = startHelper(`
      const { SqliteStore } = await import("./src/sqlite/store.ts");
      const store = new SqliteStore({ path: ${JSON.stringify(path)}, durability: "normal" });
      console.log("writing");
      for (;;) await store.push(${JSON.stringify(FIFTY)});`);
    await writer.line();
    for (let n = 0; n < 5; n++) {
      await store.backup(`${path}-${n}`);
      using copy = new Database(`${path}-${n}`);
      expect(copy.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
      const { tasks } = copy.query("SELECT count(*) AS tasks FROM tq__task").get() as {
        tasks: number;
      };
      expect(tasks % 50).toBe(0);
      await store.push(FIFTY);
    }
  });

  test("has the permissions of the database", async () => {
    await using subject = makeStore();
    chmodSync(subject.path, 0o600);
    await subject.store.backup(`${subject.path}-copy`);
    expect(statSync(`${subject.path}-copy`).mode & 0o777).toBe(0o600);
  });

  test("is refused where a file is there already, which stays as it is", async () => {
    await using subject = makeStore();
    const { store, path } = subject;
    writeFileSync(`${path}-copy`, "mine");
    for (const target of [`${path}-copy`, path]) {
      expect(await errorOf(store.backup(target))).toMatchObject({
        code: "invalid",
        message: `Cannot write the backup ${target}: a file is there already; give another name, or move that file away`,
      });
    }
    expect(await Bun.file(`${path}-copy`).text()).toBe("mine");
  });

  test("is refused where a link leads nowhere, as to a disk that is not mounted", async () => {
    await using subject = makeStore();
    const target = `${subject.path}-copy`;
    const away = `${subject.store.folder}/away.db`;
    symlinkSync(away, target);
    expect(await errorOf(subject.store.backup(target))).toMatchObject({
      code: "invalid",
      message: `Cannot write the backup ${target}: ${target} is a link to ${away}, which is not there; mount the disk that it is on, or name another path`,
    });
    expect(lstatSync(target).isSymbolicLink()).toBe(true);
  });

  test("is refused in a folder that is not there, and leaves nothing behind", async () => {
    await using subject = makeStore();
    const { store } = subject;
    const folder = `${store.folder}/none`;
    expect(await errorOf(store.backup(`${folder}/copy.db`))).toMatchObject({
      code: "invalid",
      message: `Cannot write the backup ${folder}/copy.db: the folder ${folder} does not exist; make it first`,
    });
    expect(existsSync(folder)).toBe(false);
  });

  test("is refused a name that is too long", async () => {
    await using subject = makeStore();
    const target = `${subject.store.folder}/${"x".repeat(240)}`; // another name is written first, a longer one
    expect(await errorOf(subject.store.backup(target))).toMatchObject({
      code: "invalid",
      message: `Cannot write the backup ${target}: the name is too long for the file system (ENAMETOOLONG); give a shorter one`,
    });
  });

  test("leaves nothing behind where the database was lost meanwhile", async () => {
    await using subject = makeStore();
    using db = new Database(subject.path);
    const target = `${subject.path}-copy`;
    const lost = () => {
      throw new Error("lost");
    };
    const options = { database: subject.path, target, minFree: 0, now: 0, checkFiles: lost };
    expect(() => writeBackup(db, options)).toThrow("lost");
    expect(readdirSync(subject.store.folder).filter((file) => file.includes("copy"))).toEqual([]);
  });
});
