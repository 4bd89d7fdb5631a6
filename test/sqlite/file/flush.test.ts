/** The flush of a commit: it comes before the acknowledgement, and one that failed is the last word. */
import { afterEach, describe, expect, mock, spyOn, test } from "bun:test";
import { Database } from "bun:sqlite";
import {
  closeSync,
  existsSync,
  openSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { nextTurn } from "../../../src/next-turn.ts";
import { closeWal, Flush, openWal } from "../../../src/sqlite/file/flush.ts";
import type { Turn } from "../../../src/sqlite/lock/turn.ts";
import { makeFolder } from "../../support/folder.ts";
import { startHelper } from "../../support/process.ts";
import { makeStore, newTask, OWNER, pushOne } from "../../support/store.ts";

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
    const closed = openSync(folder.path, "r");
    closeSync(closed);
    const flush = new Flush(folder.file("tq.db"), true, {
      blocking: closed,
      background: closed,
      folder: null,
    });
    flush.check();
    const error = thrownBy(() => flush.inForeground());
    expect(error).toMatchObject({ code: "database" });
    expect(String(error)).toContain(`Cannot flush ${folder.file("tq.db-wal")}: `);
    expect(thrownBy(() => flush.check())).toBe(error);
    expect(thrownBy(() => flush.inForeground())).toBe(error);
  });

  test("that finds no log is refused, and can be tried again", () => {
    using folder = makeFolder();
    const flush = new Flush(folder.file("tq.db"), true);
    const refusal = String(thrownBy(() => flush.inForeground()));
    expect(refusal).toContain(`Cannot open ${folder.file("tq.db-wal")}: `);
    flush.check();
    writeFileSync(folder.file("tq.db-wal"), "");
    flush.inForeground();
    flush.close();
  });

  test("that fails leaves word of it, and whoever opens the database next begins a new log", async () => {
    await using subject = makeStore();
    const { path } = subject;
    await pushOne(subject.store);
    const closed = openSync("/", "r");
    closeSync(closed);
    thrownBy(() =>
      new Flush(path, true, { blocking: closed, background: closed, folder: null }).inForeground(),
    );
    expect(existsSync(`${path}-unflushed`)).toBe(true);
    using reader = new Database(path);
    reader.run("BEGIN");
    reader.query("SELECT * FROM tq__task").all();
    const refusal = thrownBy(() => subject.open({ timeout: 20 }));
    expect(refusal).toMatchObject({ code: "database" });
    expect(String(refusal)).toContain("stop them all, then start again");
    expect(existsSync(`${path}-unflushed`)).toBe(true);
    reader.run("COMMIT");
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    const next = subject.open();
    expect(statSync(`${path}-wal`).size).toBe(0);
    expect(existsSync(`${path}-unflushed`)).toBe(false);
    expect(await next.list()).toHaveLength(1);
    expect(await pushOne(next)).toBe(2);
  });

  test("at the same time as another has a descriptor of its own, to hear of a failure of its own", async () => {
    await using subject = makeStore();
    const files = openWal(subject.path);
    expect(files.blocking).not.toBe(files.background);
    const flush = new Flush(subject.path, true, files);
    const commits = spyOn(flush, "inForeground");
    const first = flush.inBackground();
    expect(commits).not.toHaveBeenCalled();
    await flush.inBackground();
    expect(commits).toHaveBeenCalledTimes(1);
    await first;
    await flush.inBackground();
    expect(commits).toHaveBeenCalledTimes(1);
    closeWal(files);
  });

  test("has its descriptors before the first commit: what failed before they are open they would not hear of", async () => {
    await using subject = makeStore();
    const flush = new Flush(subject.path, true);
    renameSync(`${subject.path}-wal`, `${subject.path}-elsewhere`);
    flush.inForeground();
    renameSync(`${subject.path}-elsewhere`, `${subject.path}-wal`);
    flush.close();
  });

  test("is left out where nobody asks for it", () => {
    using folder = makeFolder();
    const flush = new Flush(folder.file("tq.db"), false);
    flush.inForeground();
    flush.check();
    flush.close();
  });

  test("leaves SQLite's locks as they are when its file is closed", async () => {
    await using subject = makeStore();
    const { store, path } = subject;
    await store.write(async (session) => {
      await session.push([newTask()]);
      const flush = new Flush(path, true);
      flush.inForeground();
      flush.close();
      await using other = startHelper(WRITER(path));
      expect(await other.line()).toBe("SQLITE_BUSY");
    });
    await using other = startHelper(WRITER(path));
    expect(await other.line()).toBe("written");
  });
});

test("a flush is not held up by user code that keeps the system's threads", async () => {
  using folder = makeFolder();
  const path = folder.file("tq.db");
  await using subject = makeStore();
  symlinkSync(`${subject.path}-wal`, `${path}-wal`);
  const fifo = folder.file("fifo");
  expect(Bun.spawnSync(["mkfifo", fifo]).exitCode).toBe(0);
  const kept = Array.from({ length: 64 }, () => readFile(fifo)); // nobody writes
  const flush = new Flush(path, true);
  await flush.inBackground();
  flush.close();
  let free = false;
  const all = Promise.all(kept).finally(() => (free = true));
  while (!free) {
    const writer = openSync(fifo, "r+"); // which waits for no reader
    await nextTurn();
    closeSync(writer); // whoever reads has reached the end
  }
  await all;
});

test("who hears that another task has the ref can rely on that one", async () => {
  await using subject = makeStore({ durability: "full" });
  const other = subject.open({ durability: "normal" });
  await pushOne(other, { ref: "invoice-7" }); // not flushed
  const commits = spyOn(Flush.prototype, "inForeground");
  expect(pushOne(subject.store, { ref: "invoice-7" })).rejects.toMatchObject({ code: "conflict" });
  await pushOne(subject.store).catch(() => {});
  expect(commits).toHaveBeenCalledTimes(2); // of the refusal, and of the push after it
  mock.restore();
});

describe("the claim of an idle thread", () => {
  afterEach(() => mock.restore());

  test.each([
    ["needs no flush of its own: what it claims is flushed meanwhile", 0],
    ["flushes what was committed after that flush began, as it may have claimed it", 1],
  ])("%s", async (_name, pushes) => {
    await using subject = makeStore({ durability: "full" });
    const other = subject.open();
    await pushOne(other, { ref: "before" });
    const commits = spyOn(Flush.prototype, "inForeground");
    const turn: Turn = {
      // Somebody else is first.
      take: () =>
        (pushes > 0 ? pushOne(other, { priority: 1, ref: "between" }) : undefined) as never,
      takeSync: () => true,
      lockTaken: () => {},
      free: () => {},
    };
    const store = subject.open({ turn });
    const claimed = await store.claim({ owner: OWNER, queues: [], limit: 5 });
    expect(claimed).toHaveLength(1 + pushes);
    expect(commits).toHaveBeenCalledTimes(2 * pushes); // of the push, and of the claim
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
