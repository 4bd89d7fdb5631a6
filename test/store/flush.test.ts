/** The flush of a commit: it comes before the acknowledgement, and one that failed is the last word. */
import { describe, expect, test } from "bun:test";
import { Flush } from "../../src/store/flush.ts";
import { makeFolder } from "../support/folder.ts";
import { startHelper } from "../support/process.ts";
import { makeStore, newTask } from "../support/store.ts";

/** What it throws. */
function thrownBy(fn: () => void): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("a flush", () => {
  test("that fails is said with the file, and no commit after it is acknowledged", () => {
    using folder = makeFolder();
    const flush = new Flush(folder.file("tq.db"), true);
    flush.check();
    const error = thrownBy(() => flush.commits());
    expect(error).toMatchObject({ code: "database" });
    expect(String(error)).toContain(`Cannot flush ${folder.file("tq.db-wal")}: `);
    expect(thrownBy(() => flush.check())).toBe(error);
    expect(thrownBy(() => flush.commits())).toBe(error);
    flush.close();
  });

  test("is left out where nobody asks for it", () => {
    using folder = makeFolder();
    const flush = new Flush(folder.file("tq.db"), false);
    flush.commits();
    flush.check();
    flush.close();
  });

  test("leaves SQLite's locks as they are when its file is closed", async () => {
    await using subject = makeStore();
    const { store, path } = subject;
    await store.write(async (session) => {
      await session.push([newTask()]);
      const flush = new Flush(path, true);
      flush.commits();
      flush.close();
      await using other = startHelper(WRITER(path));
      expect(await other.line()).toBe("SQLITE_BUSY");
    });
    await using other = startHelper(WRITER(path));
    expect(await other.line()).toBe("written");
  });
});

/** A process that tries to write, and says how that went. */
const WRITER = (path: string) => `
  const { Database } = await import("bun:sqlite");
  const db = new Database(${JSON.stringify(path)});
  try {
    db.run("BEGIN IMMEDIATE");
    db.run("COMMIT");
    console.log("written");
  } catch (error) {
    console.log(error.code);
  }
  await line();`;
