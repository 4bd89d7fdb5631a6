/** What keeps a database from being written has its sentence, with the file that it is. */
import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { writeFileSync } from "node:fs";
import { translate } from "../../../src/sqlite/errors.ts";
import { unwritableError } from "../../../src/sqlite/file/unwritable.ts";
import { makeFolder } from "../../support/folder.ts";

const DISK = "if the system itself made it read-only after an error of the disk, dmesg says so";

test.each([
  [
    { code: "EROFS", file: "/data/tq.db" },
    `its file system is mounted read-only (EROFS); ${DISK}; mount it for writing`,
  ],
  [
    { code: "EROFS", file: "/data/tq.db-wal" },
    `/data/tq.db-wal is on a file system that is mounted read-only (EROFS); ${DISK}; mount the folder /data for writing`,
  ],
  [
    { code: "EROFS", file: "/data" },
    `/data is on a file system that is mounted read-only (EROFS), and the log tq.db-wal must be made in it, beside the database; ${DISK}; mount the folder /data for writing`,
  ],
  [
    { code: "EACCES", file: "/data" },
    "/data is read-only for this user, and the log tq.db-wal must be made in it, beside the database; give this user write permission",
  ],
  [
    { code: "EACCES", file: "/data/tq.db-wal" },
    "/data/tq.db-wal is read-only for this user; give this user write permission",
  ],
  [
    { code: "EPERM", file: "/data/tq.db-wal" },
    "no user may change /data/tq.db-wal (EPERM); take its attribute away with chattr -i -a",
  ],
] as const)("%j is told as %j", (found, words) => {
  expect(unwritableError("/data/tq.db", found).message).toBe(
    `Cannot write to /data/tq.db: ${words}`,
  );
});

function errorIn(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}

test("a file that the system lets be written, and SQLite not, is not called read-only", () => {
  using folder = makeFolder();
  const path = folder.file("tq.db");
  writeFileSync(path, ""); // a file is there, which anybody may write
  using db = new Database(path, { readonly: true });
  const error = errorIn(() => db.run("CREATE TABLE mine (a)"));
  expect(translate(error, path)).toMatchObject({
    code: "database",
    message: `Cannot write to ${path}: the system has refused to open it, or its log ${path}-wal, for writing; try again, and where that does not help, look at what confines this program (ReadOnlyPaths of systemd, SELinux, AppArmor)`,
  });
});
