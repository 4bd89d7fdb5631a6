/** Backups in a folder. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { backUp } from "../../../src/sqlite/file/backup-folder.ts";
import { placeOf } from "../../../src/sqlite/file/origin.ts";
import { copyAside } from "../../support/aside.ts";
import { errorOf } from "../../support/error.ts";
import { makeStore, pushOne, type TestStore } from "../../support/store.ts";

function folderOf({ store }: TestStore): string {
  const folder = join(store.folder, "backups");
  mkdirSync(folder, { recursive: true });
  return folder;
}

test.each([
  "tq.db-wal",
  "tq.db-shm",
  "tq.db-journal",
  "tq.db-workers",
  "tq.db-workers/copy",
  "tq.db-unflushed",
  "tq.db-output",
  "tq.token",
])("a backup is refused the name %s, which is one of the database's own", async (name) => {
  await using subject = makeStore();
  const path = join(subject.store.folder, name);
  const linked = join(subject.store.folder, "link");
  symlinkSync(subject.store.folder, linked);
  for (const asked of [path, join(linked, name)]) {
    const { message } = await errorOf(subject.store.backup(asked));
    expect(message).toMatch(
      /^Cannot write the backup .*: .* is a name of the database's own; give another one$/,
    );
  }
});

describe("a backup into a folder", () => {
  test("has the name of the database and the time, and says what it has", async () => {
    await using subject = makeStore();
    await pushOne(subject.store);
    const folder = folderOf(subject);
    const backup = await subject.store.backup(folder);
    const time = new Date(subject.clock.now()).toISOString().replaceAll(":", "");
    expect(backup).toMatchObject({
      path: join(folder, `tq-${time}.db`),
      tasks: { ready: 1, running: 0, finished: 0 },
      deleted: [],
    });
    expect(Bun.file(backup.path).size).toBe(backup.size);
  });

  test("takes the time of the next ms where one of this ms is there, also one that came meanwhile", async () => {
    await using subject = makeStore();
    const folder = folderOf(subject);
    const first = await subject.store.backup(folder);
    const second = await subject.store.backup(folder);
    const nameAfter = (ms: number) => {
      const time = new Date(subject.clock.now() + ms).toISOString().replaceAll(":", "");
      return join(folder, `tq-${time}.db`);
    };
    expect([first.path, second.path]).toEqual([nameAfter(0), nameAfter(1)]);
    using db = new Database(subject.path);
    const place = { path: folder, database: subject.path, keep: 2, minFree: 0 };
    const third = backUp(db, {
      ...place,
      now: subject.clock.now(),
      checkFiles: () => writeFileSync(nameAfter(2), "another's"),
    });
    expect(third.path).toBe(nameAfter(3));
    expect(readdirSync(folder).toSorted()).toEqual(
      [second.path, nameAfter(2), third.path].map((path) => basename(path)),
    );
  });

  test("takes the place of the oldest ones, so that as many stay as told", async () => {
    await using subject = makeStore();
    const folder = folderOf(subject);
    const made: string[] = [];
    for (let n = 0; n < 4; n++) {
      subject.clock.advance(1_000);
      const { path, deleted } = await subject.store.backup(folder, 2);
      made.push(basename(path));
      expect(deleted).toEqual(n < 2 ? [] : [join(folder, made[n - 2] ?? "")]);
    }
    expect(readdirSync(folder).toSorted()).toEqual(made.slice(-2));
  });

  test("that is made after the clock was set back stays, as the newest one", async () => {
    await using subject = makeStore();
    const folder = folderOf(subject);
    const { path: ahead } = await subject.store.backup(folder, 2);
    subject.clock.advance(-5_000);
    const { path: back } = await subject.store.backup(folder, 1);
    expect(readdirSync(folder)).toEqual([basename(back)]);
    expect(back).not.toBe(ahead);
  });

  test("deletes no file of another database, or of a person", async () => {
    await using subject = makeStore();
    await using other = makeStore();
    const folder = folderOf(subject);
    const { path } = await other.store.backup(folder);
    const notes = join(folder, "tq-2001-01-01T000000.000Z.db");
    writeFileSync(notes, "notes");
    for (let n = 0; n < 3; n++) {
      subject.clock.advance(1_000);
      await subject.store.backup(folder, 1);
    }
    expect(readdirSync(folder)).toHaveLength(3);
    expect(readdirSync(folder)).toContain(basename(path));
    expect(readdirSync(folder)).toContain(basename(notes));
  });
});

/** The database, as `cp -a` and `mv` put it to another place. */
function copyTo({ path, store }: TestStore): string {
  const folder = join(store.folder, "moved");
  mkdirSync(folder);
  copyAside(path, join(folder, "tq.db"));
  copyAside(`${path}-wal`, join(folder, "tq.db-wal"));
  return join(folder, "tq.db");
}

describe("a backup that keeps one deletes none of", () => {
  test("the database that this one was copied from, or moved from, and says so", async () => {
    await using subject = makeStore();
    const folder = folderOf(subject);
    const { path: first } = await subject.store.backup(folder, 1);
    const copy = subject.open({ path: copyTo(subject) });
    const place = placeOf(subject.path);
    for (let n = 0; n < 2; n++) {
      subject.clock.advance(1_000);
      const made = await copy.backup(folder, 1);
      expect(made).toMatchObject({ uncounted: [{ path: first, place }] });
      expect(made.deleted).toHaveLength(n);
    }
    expect(readdirSync(folder)).toHaveLength(2);
    subject.clock.advance(1_000);
    expect((await subject.store.backup(folder, 1)).deleted).toEqual([first]);
  });

  test("a database whose place it does not say, and says so", async () => {
    await using subject = makeStore();
    const folder = folderOf(subject);
    const { path: older } = await subject.store.backup(folder);
    using db = new Database(older);
    db.run("DROP TABLE tq__copy");
    const notes = join(folder, "tq-2001-01-01T000000.000Z.db");
    writeFileSync(notes, "notes");
    subject.clock.advance(1_000);
    expect(await subject.store.backup(folder, 1)).toMatchObject({
      deleted: [],
      uncounted: [
        { path: notes, place: null },
        { path: older, place: null },
      ],
    });
  });

  test("another database of the same name, which is no news", async () => {
    await using subject = makeStore();
    await using other = makeStore();
    const folder = folderOf(subject);
    await other.store.backup(folder);
    subject.clock.advance(1_000);
    expect(await subject.store.backup(folder, 1)).toMatchObject({ deleted: [], uncounted: [] });
    expect(readdirSync(folder)).toHaveLength(2);
  });
});

test("a number of backups to keep is refused for a file", async () => {
  await using subject = makeStore();
  const path = `${subject.path}-copy`;
  expect(await errorOf(subject.store.backup(path, 3))).toMatchObject({
    code: "invalid",
    message: `Cannot keep 3 backups: ${path} is no folder; name one that is there`,
  });
});

test("a backup is refused where the disk has no room beside what the queue must keep", async () => {
  await using subject = makeStore({ minFree: 1e15 });
  const folder = folderOf(subject);
  expect(await errorOf(subject.store.backup(folder))).toMatchObject({
    code: "full",
    message: expect.stringMatching(
      /^Cannot write the backup .*: it needs .*, and the disk of .* has .* free, of which database.min_free_mb keeps 1000.0 TB for the queue; free some space, or name another disk$/,
    ),
  });
  expect(readdirSync(folder)).toEqual([]);
});
