/** Files that backups and restores have not written to their ends. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { makePart, removeLeftParts } from "../../../src/sqlite/file/parts.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { startHelper } from "../../support/process.ts";
import { makeStore } from "../../support/store.ts";

/** No process has it. */
const NO_PID = 999_999_999;

const BEGINNING = "SQLite format 3\0, and some of the rest";

function left(folder: Folder | string, name: string, content = BEGINNING): string {
  const path = typeof folder === "string" ? join(folder, name) : folder.file(name);
  writeFileSync(path, content);
  return path;
}

/** A process that writes one now. */
async function writer(target: string) {
  const helper = startHelper(`
    const { makePart } = await import("./src/sqlite/file/parts.ts");
    const part = makePart(${JSON.stringify(target)}, 0o600);
    console.log(part.path);
    await line();`);
  return { helper, part: await helper.line() };
}

describe("a part whose writer was killed is removed", () => {
  test("by the next backup into its folder, whatever name either was to get", async () => {
    await using subject = makeStore();
    const folder = join(subject.store.folder, "backups");
    mkdirSync(folder);
    const part = left(folder, `shop-monday.db.part-${NO_PID}-abc`);
    writeFileSync(`${part}-journal`, "half of it");
    await subject.store.backup(join(folder, "shop-tuesday.db"));
    expect(readdirSync(folder)).toEqual(["shop-tuesday.db"]);
    left(folder, `shop-monday.db.part-${NO_PID}-abc`);
    const { path } = await subject.store.backup(folder);
    expect(readdirSync(folder).toSorted()).toEqual(["shop-tuesday.db", basename(path)]);
  });

  test.each([
    ["is empty", ""],
    ["begins as a database", BEGINNING],
    ["begins with pages that were not written yet", "\0".repeat(8_192)],
  ])("where it %s", (_what, content) => {
    using folder = makeFolder();
    const part = left(folder, `a.db.part-${NO_PID}-abc`, content);
    removeLeftParts(folder.path);
    expect(existsSync(part)).toBe(false);
  });

  test.skipIf(process.platform !== "linux")(
    "where another process has its number now, as in a container",
    async () => {
      using folder = makeFolder();
      const { helper, part } = await writer(folder.file("a.db"));
      await using _ = helper;
      helper.kill("SIGKILL");
      await helper.exited;
      const mine = part.replace(/part-\d+/, `part-${process.pid}`);
      Bun.spawnSync(["mv", part, mine]);
      removeLeftParts(folder.path);
      expect(readdirSync(folder.path)).toEqual([]);
    },
  );
});

describe("a part stays", () => {
  test("while its process writes it, also under a number that no process has here", async () => {
    using folder = makeFolder();
    const { helper, part } = await writer(folder.file("a.db"));
    await using _ = helper;
    removeLeftParts(folder.path);
    expect(existsSync(part)).toBe(true);
    if (process.platform !== "linux") return;
    const elsewhere = part.replace(/part-\d+/, `part-${NO_PID}`);
    Bun.spawnSync(["mv", part, elsewhere]);
    removeLeftParts(folder.path);
    expect(existsSync(elsewhere)).toBe(true);
  });

  test("while this process writes it, and no longer", () => {
    using folder = makeFolder();
    const part = makePart(folder.file("a.db"), 0o600);
    removeLeftParts(folder.path);
    expect(existsSync(part.path)).toBe(true);
    part[Symbol.dispose]();
    if (process.platform !== "linux") return;
    removeLeftParts(folder.path);
    expect(existsSync(part.path)).toBe(false);
  });

  test("while a program reads it", () => {
    using folder = makeFolder();
    const part = folder.file(`a.db.part-${NO_PID}-abc`);
    using db = new Database(part);
    db.run("BEGIN EXCLUSIVE");
    removeLeftParts(folder.path);
    expect(existsSync(part)).toBe(true);
  });

  test("where it is none: another program's file, a folder or a pipe of such a name", () => {
    using folder = makeFolder();
    const names = [`film.part-${NO_PID}-abc`, `b.part-${NO_PID}-abc`, `c.part-${NO_PID}-abc`];
    left(folder, names[0] ?? "", "half of a film, of another program");
    mkdirSync(folder.file(names[1] ?? ""));
    Bun.spawnSync(["mkfifo", folder.file(names[2] ?? "")]);
    removeLeftParts(folder.path);
    expect(readdirSync(folder.path).toSorted()).toEqual(names.toSorted());
  });
});

test("parts in a folder that is not there are none", () => {
  using folder = makeFolder();
  expect(() => removeLeftParts(folder.file("none"))).not.toThrow();
});
