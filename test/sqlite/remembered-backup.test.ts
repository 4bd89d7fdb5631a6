/** The database knows how its backups went. */
import { expect, test } from "bun:test";
import { existsSync, symlinkSync } from "node:fs";
import { BACKUP } from "../../src/cron/own.ts";
import { NO_BACKUP } from "../../src/store/backup.ts";
import { errorOf } from "../support/error.ts";
import { makeStore, newTask, pushOne, withSession } from "../support/store.ts";

test("a backup is remembered, and its copy knows of the one before", async () => {
  await using subject = makeStore();
  const { store, path } = subject;
  const { size } = await store.backup(`${path}-first`);
  const made = { made_at: store.now(), path: `${path}-first`, size };
  expect(await store.condition.backups()).toMatchObject(made);
  await store.backup(`${path}-second`);
  expect(await store.condition.backups()).toMatchObject({ path: `${path}-second` });
  const copy = subject.open({ path: `${path}-second` });
  expect(await copy.condition.backups()).toMatchObject(made);
});

test("a backup that fails is remembered, and one whose name is refused is not", async () => {
  await using subject = makeStore();
  const { store, path } = subject;
  await pushOne(store);
  expect(await errorOf(store.backup(path))).toMatchObject({ code: "invalid" });
  expect(await store.condition.backups()).toBeNull();
  const full = subject.open({ minFree: Number.MAX_SAFE_INTEGER });
  const error = await errorOf(full.backup(`${path}-copy`));
  expect(error).toMatchObject({ code: "full" });
  expect(await store.condition.backups()).toMatchObject({ made_at: null, reason: error?.message });
});

test("a backup whose place refuses it is remembered as one that has failed", async () => {
  await using subject = makeStore();
  const { store } = subject;
  const unmounted = `${store.folder}/unmounted`;
  symlinkSync(`${store.folder}/away`, unmounted);
  for (const target of [`${store.folder}/${"x".repeat(240)}`, unmounted]) {
    const error = await errorOf(store.backup(target));
    expect(error).toMatchObject({ code: "invalid" });
    expect(await store.condition.backups()).toMatchObject({
      failed_at: store.now(),
      reason: error.message,
    });
    await store.backup(`${target.slice(0, -1)}-good`.slice(0, 200));
    expect(await store.condition.backups()).toMatchObject({ failed_at: null });
  }
});

test("a backup inside a transaction ends, and is remembered after that", async () => {
  await using subject = makeStore();
  const { store, path } = subject;
  await withSession(store, async (session) => {
    await session.push([newTask()]);
    await store.backup(`${path}-copy`);
    expect(await store.condition.backups()).toBeNull();
    await session.commit();
  });
  await pushOne(store); // in turn, after what waited before
  expect(await store.condition.backups()).toMatchObject({ path: `${path}-copy` });
});

test("a backup that cannot be remembered is good all the same", async () => {
  await using subject = makeStore();
  const { store, path } = subject;
  store.condition.rememberBackup = () => Promise.reject(new Error("no"));
  await store.backup(`${path}-copy`);
  expect(existsSync(`${path}-copy`)).toBe(true);
});

test("a database has the last good backup, and the last try where that has failed since", async () => {
  await using subject = makeStore();
  const { store, clock } = subject;
  const other = subject.open();
  expect(await other.condition.backups()).toBeNull();
  const definition = JSON.stringify({ schedule: "@daily", task: BACKUP });
  await store.cron.define({
    origin: "/srv/tq.toml",
    kind: "settings",
    definitions: [{ name: BACKUP, definition }],
  });
  expect(await other.condition.backups()).toEqual(NO_BACKUP);
  await store.condition.rememberBackup({ path: "/mnt/a.db", size: 7 });
  const made = { ...NO_BACKUP, made_at: clock.now(), path: "/mnt/a.db", size: 7 };
  expect(await other.condition.backups()).toEqual(made);
  clock.advance(1_000);
  await store.condition.rememberBackup({ reason: "the disk is full" });
  const failed = { failed_at: clock.now(), reason: "the disk is full" };
  expect(await other.condition.backups()).toEqual({ ...made, ...failed });
  expect((await other.status()).backup).toEqual({ ...made, ...failed });
  await store.condition.rememberBackup({ path: "/mnt/b.db", size: 8 });
  const later = { ...NO_BACKUP, made_at: clock.now(), path: "/mnt/b.db", size: 8 };
  expect(await other.condition.backups()).toEqual(later);
});
