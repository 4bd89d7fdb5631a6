/** Keeping the file small: what was deleted goes back to the file system, and a long log into the file. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { checkpoint, walNote, Vacuum } from "../../../src/sqlite/file/vacuum.ts";
import { TestClock } from "../../support/clock.ts";
import { makeStore, newTask, type TestStore } from "../../support/store.ts";

/** Tasks that take a page each. */
function fill({ store }: TestStore, count: number): Promise<number[]> {
  const args = JSON.stringify(["x".repeat(3_000)]);
  return store.push(Array.from({ length: count }, () => newTask({ args })));
}

async function cleanAll({ store, clock }: TestStore, ids: readonly number[]): Promise<void> {
  for (const id of ids) await store.cancel(id);
  const before = clock.now() + 1;
  while ((await store.clean({ finishedBefore: before, failedBefore: before, limit: 500 })) > 0);
}

test("the file gives back what was deleted, in slices, but for a spare", async () => {
  const clock = new TestClock();
  clock.monotonic = () => 0; // each slice takes no time, so that all are as large as they may be
  await using subject = makeStore({ clock });
  const { store } = subject;
  await cleanAll(subject, await fill(subject, 2_000));
  const full = await store.status();
  expect(full.free_size).toBeGreaterThan(1_500 * 4096);
  let rounds = 1;
  for (let free = full.free_size ?? 0; (await store.tidy()).more; rounds++) {
    const { free_size } = await store.status();
    expect(free_size).toBe(free - 256 * 4096);
    free -= 256 * 4096;
  }
  expect(rounds).toBeGreaterThan(3);
  const { free_size, file_size } = await store.status();
  expect(free_size).toBeLessThanOrEqual(512 * 4096);
  expect(free_size).toBeGreaterThan(200 * 4096);
  expect(file_size).toBe(statSync(subject.path).size);
  expect(full.file_size - file_size).toBeGreaterThan(1_000 * 4096);
});

test("a slice is as large as its time allows", async () => {
  await using subject = makeStore();
  await cleanAll(subject, await fill(subject, 2_000));
  using db = new Database(subject.path);
  const vacuum = new Vacuum();
  const given = (took: number) => {
    const free = () =>
      (db.query("PRAGMA freelist_count").get() as { freelist_count: number }).freelist_count;
    const before = free();
    let now = 0;
    vacuum.slice(db, () => (now += took));
    return before - free();
  };
  expect(given(4)).toBe(256);
  expect(given(32)).toBe(256);
  expect(given(4)).toBe(32);
  expect(given(0)).toBe(32);
  expect(given(1_000)).toBe(128);
  expect(given(8)).toBe(1);
  expect(given(0)).toBe(1);
  expect(given(2)).toBe(4);
  expect(given(4)).toBe(8);
});

test("a long log is written into the file and emptied when nobody reads", async () => {
  await using subject = makeStore();
  const { store } = subject;
  await fill(subject, 3_000);
  expect((await store.status()).wal_size).toBeGreaterThan(1_000 * 4096);
  expect((await store.tidy()).note).toBeNull();
  expect((await store.status()).wal_size).toBe(0);
  expect(await store.list({ limit: 5_000 })).toHaveLength(3_000);
});

test("what of the log a reader keeps from the file is told", async () => {
  await using subject = makeStore();
  const { store } = subject;
  await fill(subject, 10);
  using reader = new Database(subject.path);
  reader.run("BEGIN");
  reader.query("SELECT count(*) FROM tq_tasks").get();
  await fill(subject, 1_000);
  using db = new Database(subject.path);
  const held = checkpoint(db);
  const { wal_size } = await store.status();
  expect(held).toBeWithin(1_000 * 4096, wal_size ?? 0);
  expect((await store.tidy()).note).toBe(walNote(subject.path, held));
  reader.run("COMMIT");
  expect(checkpoint(db)).toBe(0);
  expect((await store.tidy()).note).toBeNull();
});

test("a file that gives nothing back is let be", async () => {
  await using subject = makeStore();
  await subject.store.close();
  using db = new Database(subject.path);
  for (const sql of ["journal_mode = DELETE", "auto_vacuum = 0"]) db.run(`PRAGMA ${sql}`);
  db.run("VACUUM");
  const store = subject.open();
  await cleanAll({ ...subject, store }, await fill({ ...subject, store }, 2_000));
  expect((await store.status()).free_size).toBeGreaterThan(1_500 * 4096);
  expect((await store.tidy()).more).toBe(false);
});
