/** The file functions of Bun and Node.js beside an open database: they must not drop its locks. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import * as promises from "node:fs/promises";
import { replaceFileFunctions } from "../../../src/open-store.ts";
import { protectFiles, refusalOf } from "../../../src/sqlite/protection/protected-files.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { errorOf } from "../../support/error.ts";
import { makeFolder } from "../../support/folder.ts";
import { makeStore, pushOne } from "../../support/store.ts";

/** Replaces the functions first, as a program that runs user code does: modules that are loaded later have them. */
async function setUp() {
  replaceFileFunctions();
  const subject = makeStore();
  await pushOne(subject.store);
  const { WAYS, WRITING_WAYS } = await import("./ways.ts");
  return { subject, ways: { ...WAYS, ...WRITING_WAYS }, reading: WAYS };
}

describe("a file of an open database", () => {
  test("is refused by every function that opens it, with a sentence", async () => {
    const { subject, ways } = await setUp();
    await using _ = subject;
    const { path, store } = subject;
    for (const [name, way] of Object.entries(ways)) {
      for (const suffix of ["", "-wal", "-shm"]) {
        const error = await errorOf((async () => way(`${path}${suffix}`, `${path}-spare`))());
        const said = name === "Bun.spawn with a file as input" ? "ENOTDIR" : "Cannot open";
        expect([name, suffix, String(error)]).toEqual([
          name,
          suffix,
          expect.stringContaining(said),
        ]);
      }
      expect(await pushOne(store)).toBeGreaterThan(1);
    }
  });

  test("is refused in these words", async () => {
    const { subject, ways } = await setUp();
    await using _ = subject;
    const sentence = `Cannot open ${subject.path}: tq has the database ${subject.path} open in this process, and closing one of its files by other means drops its locks; copy it with backup() of tq, and read the copy`;
    for (const name of ["readFileSync", "promises.readFile"]) {
      const error = await errorOf((async () => ways[name]?.(subject.path, ""))());
      expect(error).toMatchObject({ name: "TqError", code: "invalid", message: sentence });
    }
    expect(String(await errorOf(Bun.file(subject.path).text()))).toContain(sentence);
  });

  test("is refused by the name of a link too, symbolic or hard", async () => {
    const { subject, reading } = await setUp();
    await using _ = subject;
    const { path } = subject;
    symlinkSync(path, `${path}-symbolic`);
    linkSync(`${path}-shm`, `${path}-hard`);
    for (const way of Object.values(reading)) {
      for (const name of ["symbolic", "hard"]) {
        expect(
          await errorOf((async () => way(`${path}-${name}`, `${path}-spare`))()),
        ).toBeInstanceOf(Error);
      }
    }
  });

  test("can be asked for its size and its existence, and shown by its folder", async () => {
    const { subject } = await setUp();
    await using _ = subject;
    const { path } = subject;
    const file = Bun.file(path);
    expect(file.size).toBe(statSync(path).size);
    expect(file.name).toBe(path);
    expect(file.lastModified).toBeGreaterThan(0);
    expect(await file.exists()).toBe(true);
    expect((await file.stat()).size).toBe(file.size);
    expect(existsSync(path)).toBe(true);
    expect(readdirSync(subject.store.folder)).toContain("tq.db");
    expect(Bun.spawnSync(["cat", path]).stdout.length).toBe(file.size);
  });

  test("may be read once the database is closed", async () => {
    const { subject, reading } = await setUp();
    const { path } = subject;
    using folder = makeFolder();
    const other = new SqliteStore({ path: folder.file("other.db") });
    writeFileSync(folder.file("text"), "text");
    for (const way of Object.values(reading)) await way(folder.file("text"), folder.file("spare"));
    await other.close();
    for (const way of Object.values(reading))
      await way(folder.file("other.db"), folder.file("spare"));
    expect(existsSync(path)).toBe(true);
    await subject[Symbol.asyncDispose]();
  });
});

describe("a copy of the folder of an open database", () => {
  test("is refused before anything is copied, unless the database is left out", async () => {
    const { subject } = await setUp();
    await using _ = subject;
    const { cpSync } = process.getBuiltinModule("node:fs");
    const { folder } = subject.store;
    using target = makeFolder();
    mkdirSync(`${folder}/below`);
    writeFileSync(`${folder}/below/text`, "text");
    const sentence = `Cannot copy ${folder}: tq has the database ${subject.path} in it open in this process; leave its files out with the option filter, and copy the database with backup() of tq`;
    const to = target.file("copy");
    expect(() => cpSync(folder, to, { recursive: true })).toThrow(sentence);
    const { cp } = process.getBuiltinModule("node:fs/promises");
    expect(await errorOf(cp(folder, to, { recursive: true }))).toMatchObject({ message: sentence });
    expect(existsSync(to)).toBe(false);
    const filter = (file: string) => !file.includes("tq.db");
    cpSync(folder, to, { recursive: true, filter });
    await cp(folder, `${to}-2`, { recursive: true, filter: async (file) => filter(file) });
    for (const copy of [to, `${to}-2`]) {
      expect(readdirSync(copy)).toEqual(["below"]);
      expect(await promises.readFile(`${copy}/below/text`, "utf8")).toBe("text");
    }
    const most = (file: string) => !file.endsWith("-shm");
    expect(() => cpSync(folder, `${to}-3`, { recursive: true, filter: most })).toThrow(
      "Cannot open",
    );
  });
});

describe.skipIf(process.platform !== "linux")("files with one inode number on two disks", () => {
  test("are both protected, each until its own database closes", () => {
    const [one, other] = ["/proc", "/sys"]; // the root of each file system of the kernel has the inode 1
    expect(statSync(one).ino).toBe(statSync(other).ino);
    const unprotectOne = protectFiles(one);
    const unprotectOther = protectFiles(other);
    expect([refusalOf(one), refusalOf(other)]).not.toContain(null);
    unprotectOne();
    expect([refusalOf(one), refusalOf(other)]).toEqual([null, expect.any(Error)]);
    unprotectOther();
    expect(refusalOf(other)).toBeNull();
  });
});
