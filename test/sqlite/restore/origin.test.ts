/** Whose copies a database counts as its own once one of them was restored. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import type { SqliteStore } from "../../../src/sqlite/store.ts";
import { placesOf } from "../../../src/sqlite/file/origin.ts";
import { newTask, pushOne } from "../../support/store.ts";
import { restoreSubject, type RestoreSubject } from "./subject.ts";

async function withBackup() {
  const subject = restoreSubject();
  const folder = subject.file("backups");
  mkdirSync(folder);
  const first = await subject.use(async (store) => {
    await pushOne(store);
    return (await store.backup(folder)).path;
  });
  const keepOne = async (store: SqliteStore) => store.backup(folder, 1);
  return { subject, folder, first, keepOne };
}

function elsewhere(subject: RestoreSubject): string {
  mkdirSync(subject.file("trial"));
  return subject.file("trial/tq.db");
}

describe("copies to keep", () => {
  test("of a database that was restored to another place are not those of the original", async () => {
    const { subject, folder, first, keepOne } = await withBackup();
    await using _ = subject;
    const database = elsewhere(subject);
    for (let n = 0; n < 2; n++) {
      subject.restore({ file: first, database });
      await subject.use(keepOne, { path: database });
      expect(readdirSync(folder)).toHaveLength(2);
    }
    const { deleted } = await subject.use(keepOne);
    expect(deleted).toEqual([first]);
  });

  test("of a database that was restored in its place are those from before, also where it was lost", async () => {
    const { subject, folder, first, keepOne } = await withBackup();
    await using _ = subject;
    subject.restore({ file: first });
    const { deleted, path } = await subject.use(keepOne);
    expect(deleted).toEqual([first]);
    using lost = new Database(subject.path);
    lost.close();
    await Bun.file(subject.path).delete();
    subject.restore({ file: path });
    expect((await subject.use(keepOne)).deleted).toEqual([path]);
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("of a database with the same path on another machine are not those of this one", async () => {
    const { subject, folder, first, keepOne } = await withBackup();
    await using _ = subject;
    using copy = new Database(first);
    const [place = ""] = placesOf(copy);
    copy.query("UPDATE tq__copy SET place = ?").run(place.replace(/^[^:]*/, "another"));
    copy.close();
    await Bun.file(subject.path).delete();
    subject.restore({ file: first });
    expect((await subject.use(keepOne)).deleted).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  test("of a backup that was put to another place by hand are not those of the original", async () => {
    const { subject, folder, first, keepOne } = await withBackup();
    await using _ = subject;
    const path = elsewhere(subject);
    copyFileSync(first, path);
    await subject.use(keepOne, { path });
    const { path: second, deleted } = await subject.use(keepOne, { path });
    expect(deleted).toHaveLength(1);
    expect(
      readdirSync(folder)
        .map((name) => `${folder}/${name}`)
        .toSorted(),
    ).toEqual([first, second].toSorted());
    expect((await subject.use(keepOne)).deleted).toEqual([first]);
  });
});

test("a restore over a backup that was put to another place by hand is one to another place", async () => {
  const { subject, folder, first, keepOne } = await withBackup();
  await using _ = subject;
  const database = elsewhere(subject);
  copyFileSync(first, database);
  subject.restore({ file: first, database });
  expect((await subject.use(keepOne, { path: database })).deleted).toEqual([]);
  expect(readdirSync(folder)).toHaveLength(2);
});

describe("ids are left out", () => {
  test("where the former database is a backup that was put there by hand", async () => {
    const { subject, first } = await withBackup();
    await using _ = subject;
    await subject.use(async (store) => store.push([newTask(), newTask()]));
    copyFileSync(first, subject.path);
    expect(subject.restore({ file: first })).toMatchObject({ next_id: 100_002 });
  });

  test("where the copy is none of tq backup, and the former database has given no id beyond it", async () => {
    await using subject = restoreSubject();
    await subject.use(pushOne);
    copyFileSync(subject.path, subject.copy);
    expect(subject.restore()).toMatchObject({ next_id: 100_002 });
  });

  test("not where the former database has given none since its backup", async () => {
    const { subject, first } = await withBackup();
    await using _ = subject;
    expect(subject.restore({ file: first })).toMatchObject({ next_id: 2 });
  });
});
