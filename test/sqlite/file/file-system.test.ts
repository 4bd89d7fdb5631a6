/** A file system that is read-only or full, and a database that may not grow. */
import type { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, statSync } from "node:fs";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { errorOf } from "../../support/error.ts";
import { makeFolder } from "../../support/folder.ts";
import { needs } from "../../support/needs.ts";
import { claimFirst, makeStore, newTask, pushOne, withSession } from "../../support/store.ts";
import { refusal } from "./file-refusal.ts";

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

  test("that is full refuses pushes, as each process sees that has written nothing", () =>
    withTmpfs(async (path, remount) => {
      const store = new SqliteStore({ path });
      expect(await store.pushRefusal()).toBeNull();
      Bun.spawnSync(["dd", "if=/dev/zero", `of=${path}-ballast`, "bs=4k"]);
      const full = `Cannot write to ${path}: the disk is full; free some space and try again`;
      expect(await store.pushRefusal()).toBe(full);
      remount("size=64m");
      expect(await store.pushRefusal()).toBeNull();
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
      expect(() => db.run("CREATE TABLE thing (a)")).toThrow("has ended already");
    });
    expect(await store.list()).toEqual([]);
  });

  test("refuses pushes from a write that met it until one succeeds", async () => {
    await using subject = makeStore();
    const { store } = subject;
    await withSession(store, async (session) => {
      (session.raw(false) as Database).run("PRAGMA max_page_count = 1");
      const args = JSON.stringify(["x".repeat(100_000)]);
      expect(await errorOf(session.push([newTask({ args })]))).toMatchObject({ code: "full" });
    });
    expect(await store.pushRefusal()).toContain("the disk is full");
    await pushOne(store);
    expect(await store.pushRefusal()).toBeNull();
  });

  test("fails a settle with a sentence, and the claim still holds", async () => {
    await using subject = makeStore();
    const { store } = subject;
    await pushOne(store);
    const task = await claimFirst(store);
    const settled = store.write(async (session) => {
      (session.raw(false) as Database).run("PRAGMA max_page_count = 1");
      const result = JSON.stringify("x".repeat(200_000));
      await session.settle(task, { kind: "finished", result, reason: null });
    });
    expect(settled).rejects.toMatchObject({ code: "full" });
    await settled.catch(() => undefined);
    expect(await store.stillHeld([task])).toEqual([task]);
    expect(statSync(subject.path).size).toBeLessThan(1_000_000);
  });
});
