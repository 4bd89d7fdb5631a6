/** Locks of a database that stay, or are missed, where its own process opens a file of it and closes it. */
import { expect, test } from "bun:test";
import { closeSync, existsSync, readFileSync } from "node:fs";
import { connect } from "../../support/connect.ts";
import {
  INDEX_RANGE,
  isLocked,
  type Range,
  SHARED_RANGE,
} from "../../../src/sqlite/lock/range-lock.ts";
import { openOwn } from "../../../src/sqlite/protection/protected-files.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { makeFolder } from "../../support/folder.ts";
import { needs } from "../../support/needs.ts";
import { type Helper, startHelper } from "../../support/process.ts";
import { newTask, pushOne } from "../../support/store.ts";

/** A process with an open store; at each line it opens and closes the file of that suffix, pushes, and says how that went. */
async function reader(path: string): Promise<Helper> {
  const helper = startHelper(`
    const { dlopen, ptr } = await import("bun:ffi");
    const open = { args: ["ptr", "i32"], returns: "i32" };
    const { symbols } = dlopen("libc.so.6", { open, close: { args: ["i32"], returns: "i32" } });
    const { SqliteStore } = await import("./src/sqlite/store.ts");
    const store = new SqliteStore({ path: ${JSON.stringify(path)} });
    const push = () => store.push([${JSON.stringify(newTask())}]).then(String, (error) => error.message);
    console.log(await push());
    for (;;) {
      const suffix = await line();
      if (suffix === "close") break;
      symbols.close(symbols.open(ptr(Buffer.from(${JSON.stringify(path)} + suffix + "\\0")), 0));
      console.log(await push());
    }
    await store.close();
    console.log("closed");
    await line();`);
  expect(await helper.line()).toBe("1");
  return helper;
}

/** As any other program that looks into the database and ends. */
function look(path: string): number {
  const db = connect(path);
  const count = db.prepare("SELECT count(*) FROM tq_tasks");
  const [[n] = []] = count.values() as [number][];
  count.finalize(); // otherwise the connection stays
  db.close(true);
  return n ?? 0;
}

/** True while another process has the range of the file locked. */
function isLockedHere(path: string, range: Range): boolean {
  const file = openOwn(path, "r");
  try {
    return isLocked(file, range);
  } finally {
    closeSync(file);
  }
}

needs("Linux").describe(
  "a process that opens and closes a file of its database by other means",
  () => {
    test("keeps its write-ahead log when another program was the last to close it", async () => {
      using folder = makeFolder();
      const path = folder.file("tq.db");
      await using helper = await reader(path);
      helper.send("");
      expect(await helper.line()).toBe("2");
      expect(isLockedHere(path, SHARED_RANGE)).toBe(true);
      expect(look(path)).toBe(2);
      expect(existsSync(`${path}-wal`)).toBe(true);
      helper.send("");
      expect(await helper.line()).toBe("3");
      expect(look(path)).toBe(3);
    });

    test("keeps the index of the log, and commits nothing without the locks of transactions", async () => {
      using folder = makeFolder();
      const path = folder.file("tq.db");
      await using helper = await reader(path);
      helper.send("-shm");
      expect(await helper.line()).toBe(
        `Cannot commit: code in this process has opened and closed ${path}-shm, and the system has dropped the locks of the database with it; start this program again, and copy a database in use with backup() of tq`,
      );
      expect(isLockedHere(`${path}-shm`, INDEX_RANGE)).toBe(true);
      expect(look(path)).toBe(1);
      const store = new SqliteStore({ path });
      await pushOne(store);
      helper.send("close");
      expect(await helper.line()).toBe("closed");
      expect(await pushOne(store)).toBe(3);
      await store.close();
      using db = connect(path);
      expect(db.query("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
    });

    test("lets the last connection remove the log, once its stores are closed", async () => {
      using folder = makeFolder();
      const path = folder.file("tq.db");
      const one = new SqliteStore({ path });
      const two = new SqliteStore({ path });
      await pushOne(one);
      await one.close();
      closeSync(openOwn(path, "r")); // drops the locks of this process
      expect(look(path)).toBe(1);
      expect(existsSync(`${path}-wal`)).toBe(true);
      expect(await pushOne(two)).toBe(2);
      await two.close();
      expect(existsSync(`${path}-wal`)).toBe(false);
    });

    test("may open it again after it has closed it", async () => {
      using folder = makeFolder();
      const path = folder.file("tq.db");
      for (let n = 1; n <= 3; n++) {
        const store = new SqliteStore({ path });
        closeSync(openOwn(path, "r"));
        expect(await pushOne(store)).toBe(n);
        await store.close();
        readFileSync(path);
      }
      expect(look(path)).toBe(3);
    });
  },
);
