/** Files that are no backup: a restore says of each what it is, and what to do. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { errorOf } from "../../support/error.ts";
import { newTask } from "../../support/store.ts";
import { restoreSubject, type RestoreSubject } from "./subject.ts";

const NAME_ONE = "name a file that tq backup has written";

async function refusalOf(content: string | Uint8Array): Promise<string> {
  await using subject = restoreSubject();
  writeFileSync(subject.copy, content);
  return refused(subject);
}

/** Its sentence, with the path of the file as FILE. */
async function refused(subject: RestoreSubject): Promise<string> {
  const { message } = await errorOf(() => subject.restore());
  expect(message).toStartWith(`Cannot restore ${subject.copy}: `);
  return message.replaceAll(subject.copy, "FILE").replace("Cannot restore FILE: ", "");
}

/** @param start its first bytes; what follows does not matter */
function bytes(...start: number[]): Uint8Array {
  return Uint8Array.from([...start, ...Array.from({ length: 600 }, (_, n) => (n * 37) % 256)]);
}

function tar(): Uint8Array {
  const archive = bytes();
  archive.set(Buffer.from("ustar"), 257);
  return archive;
}

const PACKED = (name: string, unpack: string) =>
  `it was packed with ${name}; unpack it first (${unpack} FILE), and restore what comes out`;

const SQL =
  "it is SQL, as .dump of sqlite3 writes it; make a database of it (sqlite3 NEW.db < FILE), and restore that";

const LOG = `it is the log of a database, and no database; ${NAME_ONE}`;

test.each<[what: string, content: string | Uint8Array, words: string]>([
  [
    "an empty file",
    "",
    "it is empty: a copy that was interrupted, or a name without content; take another copy",
  ],
  ["a text", "Dear friend,", `it is text, and no SQLite database; ${NAME_ONE}`],
  [
    "a long text whose letter is cut",
    `${"x".repeat(4_095)}äöü`,
    `it is text, and no SQLite database; ${NAME_ONE}`,
  ],
  ["a dump", "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE a (b);", SQL],
  ["a dump with a comment", "-- of Monday\nBEGIN TRANSACTION;\nCREATE TABLE a (b);", SQL],
  ["gzip", gzipSync("a backup"), PACKED("gzip", "gunzip -k")],
  ["zstd", zstdCompressSync("a backup"), PACKED("zstd", "unzstd")],
  ["xz", bytes(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), PACKED("xz", "unxz -k")],
  ["zip", bytes(0x50, 0x4b, 3, 4), PACKED("zip", "unzip")],
  [
    "tar",
    tar(),
    "it is an archive of tar; unpack it first (tar xf FILE), and restore what comes out",
  ],
  ["a log", bytes(0x37, 0x7f, 0x06, 0x82), LOG],
  ["a journal", bytes(0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7), LOG],
  [
    "zeros",
    new Uint8Array(9_000),
    "it begins with zeros alone: its content was lost; take another copy",
  ],
  [
    "a picture",
    bytes(0x89, 0x50, 0x4e, 0x47, 0),
    `it is not a SQLite database, or it is encrypted, or its first bytes were overwritten; ${NAME_ONE}`,
  ],
  ["a header alone", "SQLite format 3\0", "it is cut off: it has 16 bytes; copy it again"],
])("%s is told from a backup", async (_what, content, words) => {
  expect(await refusalOf(content)).toBe(words);
});

test("a file that cannot be seen is told with the reason", async () => {
  await using subject = restoreSubject();
  const file = `${subject.file("x".repeat(300))}`;
  const { code, message } = await errorOf(() => subject.restore({ file }));
  expect([code, message]).toEqual([
    "database",
    `Cannot restore ${file}: the name is too long for the file system (ENAMETOOLONG); give a shorter one`,
  ]);
});

describe("a database of SQLite", () => {
  test("of another program is named by its tables", async () => {
    await using subject = restoreSubject();
    using other = new Database(subject.copy);
    for (const name of ["song", "album"]) other.run(`CREATE TABLE ${name} (name TEXT)`);
    other.close();
    expect(await refused(subject)).toBe(
      `it is the SQLite database of another program: none of its tables is one of tq (it has album, song); ${NAME_ONE}`,
    );
    expect(existsSync(subject.path)).toBe(false);
  });

  test("without a table is no backup", async () => {
    await using subject = restoreSubject();
    using other = new Database(subject.copy);
    other.run("VACUUM");
    other.run("PRAGMA user_version = 1");
    other.close();
    expect(await refused(subject)).toBe(
      `it is a SQLite database without any table, and a backup has those of tq; ${NAME_ONE}`,
    );
  });

  test("whose end is missing is told by its size", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => store.backup(subject.copy));
    const { length } = readFileSync(subject.copy);
    truncateSync(subject.copy, length / 2);
    expect(await refused(subject)).toBe(
      `it is cut off: it has ${length / 2} of ${length} bytes; copy it again`,
    );
  });

  test("whose version is missing is damaged", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => store.backup(subject.copy));
    using copy = new Database(subject.copy);
    copy.run("DELETE FROM tq__schema");
    copy.close();
    expect(await refused(subject)).toStartWith(
      "it is damaged (its table tq__schema is empty); take another copy",
    );
  });

  test("that is damaged is not to be mended by restoring a backup", async () => {
    await using subject = restoreSubject();
    await subject.use(async (store) => {
      await store.push(Array.from({ length: 500 }, () => newTask()));
      await store.backup(subject.copy);
    });
    const whole = readFileSync(subject.copy);
    for (let from = 4_096; from + 8_192 <= whole.length; from += 4_096) {
      writeFileSync(subject.copy, Buffer.from(whole).fill(7, from, from + 8_192));
      const why = await refused(subject);
      expect(why).not.toContain("***");
      expect(why).toMatch(
        /^it is damaged \(.+\); take another copy, or save what can be read with \.recover of sqlite3$/,
      );
    }
  });
});
