/** Files that cannot be the database, each with its sentence. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { SCHEMA_VERSION } from "../../../src/sqlite/migrate.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";
import { type Folder, makeFolder } from "../../support/folder.ts";
import { startHelper } from "../../support/process.ts";
import { copyAside } from "../../support/aside.ts";
import { makeStore, newTask, pushOne } from "../../support/store.ts";
import { refusal } from "./file-refusal.ts";

describe("a file that cannot be the database", () => {
  let folder: Folder;
  beforeAll(() => {
    folder = makeFolder();
  });
  afterAll(() => folder[Symbol.dispose]());

  test("because it is not SQLite", () => {
    const path = folder.file("letter.txt");
    writeFileSync(path, "Dear database, ".repeat(1000));
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path}: it is not a SQLite database; if it was the queue, its first bytes were overwritten: keep it, and restore a backup with tq restore; else name another file with --database`,
    });
    expect(readFileSync(path, "utf8")).toStartWith("Dear database");
  });

  test("because it is a folder", () => {
    const path = folder.file("folder");
    mkdirSync(path);
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path} as the database: it is a folder; name a file, for example ${path}/tq.db`,
    });
  });

  test("because its folder does not exist", () => {
    const path = folder.file("no/such/tq.db");
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot make the database ${path}: the folder ${folder.file("no/such")} does not exist; make it first`,
    });
  });

  test("because its folder is a file", () => {
    const file = folder.file("plain");
    writeFileSync(file, "x");
    expect(refusal(`${file}/tq.db`)).toMatchObject({
      code: "database",
      message: `Cannot make the database ${file}/tq.db: the folder ${file} does not exist; make it first`,
    });
  });

  test.each<[what: string, lose: (path: string) => void]>([
    ["is gone", rmSync],
    ["is empty", (path) => writeFileSync(path, "")],
  ])("because it %s and its log is there, with what was committed last", async (what, lose) => {
    await using subject = makeStore();
    const path = folder.file(`${what}.db`);
    await pushOne(subject.store);
    for (const end of ["", "-wal"]) copyAside(`${subject.path}${end}`, `${path}${end}`);
    lose(path);
    const log = readFileSync(`${path}-wal`);
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path}: it ${what}, and its write-ahead log ${path}-wal is there, which a new database would delete; put back the file that the log belongs to; for a backup or a new database move the log away first`,
    });
    expect(readFileSync(`${path}-wal`)).toEqual(log);
    copyAside(subject.path, path);
    const store = subject.open({ path });
    expect(await store.list()).toHaveLength(1);
  });

  test("because it is gone and its log is there, also where a worker that ended has emptied that", () => {
    const path = folder.file("emptied.db");
    writeFileSync(`${path}-wal`, "");
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: expect.stringContaining("it is gone, and its write-ahead log") as string,
    });
    expect(existsSync(path)).toBe(false);
  });

  test("because a newer tq made it", async () => {
    const path = folder.file("newer.db");
    await new SqliteStore({ path }).close();
    const db = new Database(path);
    db.run(`UPDATE tq__schema SET version = ${SCHEMA_VERSION + 1}`);
    db.close();
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path}: its schema is version ${SCHEMA_VERSION + 1}, and this tq knows up to ${SCHEMA_VERSION}; use a newer tq, or, to stay with this one, restore the backup from before the update with tq restore`,
    });
  });

  test("because the table with its version is empty", async () => {
    const path = folder.file("unversioned.db");
    await new SqliteStore({ path }).close();
    using db = new Database(path);
    db.run("DELETE FROM tq__schema");
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path}: its table tq__schema is empty, which only damage makes it; restore a backup with tq restore`,
    });
  });

  test("because it is damaged", async () => {
    const path = folder.file("damaged.db");
    await new SqliteStore({ path }).close();
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 100, 4096);
    writeFileSync(path, bytes);
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: expect.stringContaining("restore a backup with tq restore"),
    });
  });

  test("because it was put beside the log of another one: without that log it works", async () => {
    await using subject = makeStore();
    const { store } = subject;
    const path = folder.file("restored.db");
    await pushOne(store);
    await store.backup(folder.file("backup.db"));
    const args = JSON.stringify(["x".repeat(3_000)]);
    const push = () => store.push(Array.from({ length: 300 }, () => newTask({ args })));
    await push();
    using db = new Database(subject.path);
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
    await push(); // the log has no page that did not change since
    copyAside(`${subject.path}-wal`, `${path}-wal`);
    copyAside(folder.file("backup.db"), path);
    const { code, message } = refusal(path);
    expect(code).toBe("database");
    expect(message).toStartWith(`Cannot use ${path}: `);
    expect(message).toEndWith(
      `; if it was put beside the log of another one, move ${path}-wal and ${path}-shm away and put it there again; otherwise restore a backup with tq restore, or save what can be read with sqlite3's .dump`,
    );
    for (const end of ["-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
    copyAside(folder.file("backup.db"), path);
    expect(await subject.open({ path }).list()).toHaveLength(1);
  });

  test("because it has two names: with one it works", async () => {
    await using subject = makeStore();
    const path = folder.file("linked.db");
    await subject.store.backup(path);
    linkSync(path, folder.file("other-name.db"));
    expect(refusal(path)).toMatchObject({
      code: "database",
      message: `Cannot use ${path} as the database: the file has 2 names (hard links), and programs that use different ones lose each other's tasks; find them with "find / -xdev -samefile ${path}", remove all names but one, and use a symbolic link instead`,
    });
    rmSync(folder.file("other-name.db"));
    await subject.open({ path }).list();
  });

  test("because another process holds it for longer than the timeout", async () => {
    const path = folder.file("locked.db");
    await using holder = startHelper(`
      const { Database } = await import("bun:sqlite");
      const db = new Database(${JSON.stringify(path)});
      db.run("CREATE TABLE theirs (a)");
      db.run("BEGIN EXCLUSIVE");
      console.log("holding");
      await line();`);
    await holder.line();
    const started = performance.now();
    expect(refusal(path, { timeout: 200 })).toMatchObject({
      code: "busy",
      message: `Cannot write to ${path}: another program holds its lock; end that program's transaction, or raise database.timeout`,
    });
    expect(performance.now() - started).toBeWithin(200, 3_000);
  });

  test("because it takes no write-ahead log", () => {
    expect(refusal(":memory:")).toMatchObject({
      code: "database",
      message: expect.stringContaining(
        'it does not take a write-ahead log (journal mode stays "memory"); put it on a local disk',
      ),
    });
    expect(existsSync(":memory:")).toBe(false); // it would be a file of the checkout
  });
});

test("a database that is damaged from its third page on is refused with a sentence", async () => {
  using folder = makeFolder();
  const path = folder.file("tq.db");
  const store = new SqliteStore({ path });
  await pushOne(store);
  await store.close();
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0xaa, 2 * 4096));
  expect(refusal(path)).toMatchObject({
    code: "database",
    message: `Cannot use ${path}: database disk image is malformed; restore a backup with tq restore, or save what can be read with sqlite3's .dump`,
  });
});

test("a process with too many open files is told so, not to look at the folder", async () => {
  using folder = makeFolder();
  const code = `
    import { openSync } from "node:fs";
    import { connect } from ${JSON.stringify(`${import.meta.dir}/../../../src/sqlite/connection.ts`)};
    try { for (;;) openSync("/dev/null", "r"); } catch {}
    try { connect({ path: process.argv.at(-1), timeout: 0 }); } catch ({ message }) { console.log(message); }`;
  const shell = ["sh", "-c", 'ulimit -n 100; exec "$0" -e "$1" "$2"', process.execPath, code];
  const child = Bun.spawn([...shell, folder.file("tq.db")], { stderr: "inherit" });
  expect(await new Response(child.stdout).text()).toStartWith(
    `Cannot open ${folder.file("tq.db")}: too many open files: `,
  );
});
