/** Waiting for commits by events of the file, and no longer than a wait lasts. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommitWait } from "../../src/sqlite/commit-wait.ts";
import { makeFolder } from "../support/folder.ts";

/** A database that counts the questions for its version. */
function makeDatabase() {
  const folder = makeFolder();
  const name = join(folder.path, "tq.db");
  const database = {
    name,
    asked: 0,
    at: 1,
    version: async () => {
      database.asked += 1;
      return database.at;
    },
    commit() {
      database.at += 1;
      writeFileSync(`${name}-wal`, String(database.at));
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
  writeFileSync(`${name}-wal`, "");
  return database;
}

test("a wait that meets no commit asks for the version ever more rarely", async () => {
  using database = makeDatabase();
  const wait = new CommitWait(database);
  await wait.until(1, 300);
  expect(database.asked).toBeLessThan(20); // after 1, 2, 4, 8 … ms, and twice as it begins and ends
  wait.close();
});

test("a commit wakes all waits that share the watch", async () => {
  using database = makeDatabase();
  const wait = new CommitWait(database);
  const started = performance.now();
  const waits = [wait.until(1, 20_000), wait.until(1, 20_000)];
  await Bun.sleep(1);
  database.commit();
  await Promise.all(waits);
  expect(performance.now() - started).toBeLessThan(10_000);
  wait.close();
});

test("once it is closed, a wait looks once again, and then at its end", async () => {
  using database = makeDatabase();
  const wait = new CommitWait(database);
  const waiting = wait.until(1, 100);
  await Promise.resolve();
  wait.close();
  const { asked } = database;
  await waiting;
  expect(database.asked).toBeLessThan(asked + 5); // a watch would ask after 1, 2, 4, 8 … ms
});
