/** `tq backup` and `tq restore`. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { newTask } from "../../support/store.ts";
import { Folder } from "../tq.ts";

/** A folder with a queue of two tasks. */
async function withQueue(): Promise<Folder> {
  const folder = new Folder();
  const store = folder.store();
  await store.push([newTask(), newTask()]);
  await store.close();
  return folder;
}

describe("tq backup", () => {
  test("prints the path of the copy, and notes what it has", async () => {
    await using folder = await withQueue();
    const { code, stdout, stderr } = await folder.tq("backup", "copy.db");
    expect([code, stdout]).toEqual([0, `${folder.file("copy.db")}\n`]);
    expect(stderr).toMatch(/^tq: The copy has 2 tasks: 2 ready; .* kB, checked, in .*s\n$/);
    const again = await folder.tq("backup", "copy.db");
    expect([again.code, again.stderr]).toEqual([
      2,
      `tq: Cannot write the backup ${folder.file("copy.db")}: a file is there already; give another name, or move that file away\n`,
    ]);
  });

  test("keeps as many in a folder as told, and says in JSON what it has done", async () => {
    await using folder = await withQueue();
    mkdirSync(folder.file("backups"));
    const first = await folder.tq("backup", "backups", "--keep", "1");
    const { stdout } = await folder.tq("backup", "backups", "--keep", "1", "--json", "-q");
    expect(JSON.parse(stdout)).toMatchObject({
      path: expect.stringContaining(folder.file("backups/tq-")),
      tasks: { ready: 2, finished: 0 },
      deleted: [first.stdout.trim()],
    });
    expect(readdirSync(folder.file("backups"))).toHaveLength(1);
  });

  test("says which copies it does not count, in JSON too", async () => {
    await using folder = await withQueue();
    mkdirSync(folder.file("backups"));
    folder.write("backups/tq-2001-01-01T000000.000Z.db", "notes");
    const file = folder.file("backups/tq-2001-01-01T000000.000Z.db");
    const { stderr } = await folder.tq("backup", "backups", "--keep", "1");
    expect(stderr).toEndWith(
      `\ntq: Not counted, and not deleted: 1 file that does not say of which database (${file}); delete by hand what nobody needs\n`,
    );
    const { stdout } = await folder.tq("backup", "backups", "--keep", "1", "--json", "-q");
    expect(JSON.parse(stdout)).toMatchObject({ uncounted: [{ path: file, place: null }] });
  });

  test("takes folder and number from tq.toml where none is given, and makes the folder", async () => {
    await using folder = await withQueue();
    const none = await folder.tq("backup");
    expect([none.code, none.stderr]).toEqual([
      2,
      "tq: Cannot back up: name a file or a folder, or set folder in the section [backup] of tq.toml\n",
    ]);
    folder.write("tq.toml", '[backup]\nfolder = "far/backups"\nkeep = 1\n');
    for (let n = 0; n < 2; n++) expect((await folder.tq("backup")).code).toBe(0);
    expect(readdirSync(folder.file("far/backups"))).toHaveLength(1);
  });

  test("refuses a folder of tq.toml whose disk is not mounted", async () => {
    await using folder = await withQueue();
    symlinkSync("away", folder.file("backups"));
    folder.write("tq.toml", '[backup]\nfolder = "backups"\n');
    const { code, stderr } = await folder.tq("backup");
    expect([code, stderr]).toEqual([2, expect.stringContaining("away, which is not there; mount")]);
  });

  test("refuses a folder that is not there, the database itself, and a place without a queue", async () => {
    await using folder = await withQueue();
    const missing = await folder.tq("backup", "none/");
    expect([missing.code, missing.stderr]).toEqual([
      2,
      `tq: Cannot back up: the folder ${folder.file("none")} does not exist; make it first\n`,
    ]);
    expect((await folder.tq("backup", "tq.db")).code).toBe(2);
    const elsewhere = await folder.tq("backup", "copy.db", "-d", "other.db");
    expect(elsewhere.code).toBe(3);
    expect(existsSync(folder.file("other.db"))).toBe(false);
  });
});

describe("tq status and tq doctor", () => {
  test("say nothing of backups, and hint at them, before one was made", async () => {
    await using folder = await withQueue();
    expect((await folder.tq("status")).stdout).not.toContain("backup");
    const { stdout } = await folder.tq("doctor", "--quick");
    expect(stdout).toMatch(/^! the last backup  .*none was ever made: tq backup FILE makes one/m);
  });

  test("say when the last good one was made, where it is, and whether the last try failed", async () => {
    await using folder = await withQueue();
    await folder.tq("backup", "copy.db");
    const last = /^backup +(?:under 1|\d) s ago: .*copy\.db$/m;
    expect((await folder.tq("status")).stdout).toMatch(last);
    await folder.tq("backup", "copy.db"); // a file is there: no try of a backup
    expect((await folder.tq("status")).stdout).toMatch(last);
    folder.write("taken", "a file");
    folder.write("tq.toml", '[backup]\nfolder = "taken"\n');
    expect((await folder.tq("backup")).code).toBe(2);
    expect((await folder.tq("status")).stdout).toMatch(
      /^backup .*copy\.db; the last try, .* s ago, failed: Cannot make the folder/m,
    );
    const { stdout } = await folder.tq("doctor", "--quick");
    expect(stdout).toMatch(
      /^✗ no_backup\nThe last backup, .* s ago, failed: Cannot make the folder/m,
    );
    folder.write("tq.toml", '[backup]\nfolder = "backups"\n');
    await folder.tq("backup");
    expect((await folder.tq("status")).stdout).toMatch(/^backup .* ago: .*backups.tq-.*Z\.db$/m);
  });

  test("say of a restored database that its backups are of the past of the copy", async () => {
    await using folder = await withQueue();
    await folder.tq("backup", "first.db");
    await folder.tq("backup", "second.db");
    await folder.tq("restore", "second.db", "--hold");
    expect((await folder.tq("status")).stdout).toMatch(
      /^backup +none since this database was restored, .* ago; the last one that its copy knew of, .* ago: .*first\.db$/m,
    );
    await folder.tq("backup", "third.db");
    expect((await folder.tq("status")).stdout).toMatch(/^backup +[\w ]+ ago: .*third\.db$/m);
  });
});

describe("tq restore", () => {
  test("wants to know what becomes of tasks that may have run since", async () => {
    await using folder = await withQueue();
    await folder.tq("backup", "copy.db");
    const asked = await folder.tq("restore", "copy.db");
    expect([asked.code, asked.stderr]).toEqual([
      2,
      `tq: Cannot restore: ${folder.file("copy.db")} has 2 ready tasks, which may have run since; say --hold, and nothing runs until tq resume '*', or --run\n`,
    ]);
    const both = await folder.tq("restore", "copy.db", "--hold", "--run");
    expect(both.code).toBe(2);
  });

  test("asks for it on a terminal", async () => {
    await using folder = await withQueue();
    await folder.tq("backup", "copy.db");
    const neither = await folder.inTerminal({ columns: 80, keys: "n\nn\n" }, "restore", "copy.db");
    expect([neither.code, readdirSync(folder.path).length]).toEqual([4, 2]);
    const held = await folder.inTerminal({ columns: 80, keys: "y\n" }, "restore", "copy.db");
    expect(held.code).toBe(0);
    expect(held.text).toContain("Hold them back until tq resume '*'?");
    expect((await folder.tq("list")).stdout).toContain("ready (paused)");
  });

  test("--hold pauses everything, and --run nothing", async () => {
    await using folder = await withQueue();
    await folder.tq("backup", "copy.db");
    await folder.tq("cancel", "1");
    const { code, stdout, stderr } = await folder.tq("restore", "copy.db", "--hold");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^Restored .*tq.db from the backup of .*: 2 tasks: 2 ready; everything is paused; the next task is 3\n$/,
    );
    expect(stderr).toContain("tq: The former database is ");
    expect(stderr).toContain(
      "Cancel what must not run again (tq list, tq cancel), then: tq resume '*'",
    );
    const held = await folder.tq("list", "--json");
    expect(JSON.parse(held.stdout)).toMatchObject([
      { state: "ready", paused: true },
      { state: "ready", paused: true },
    ]);
    const run = await folder.tq("restore", "copy.db", "--run", "--json", "-q");
    expect(JSON.parse(run.stdout)).toMatchObject({ held: false, interrupted: 0, next_id: 3 });
    const free = await folder.tq("list", "--json");
    expect(JSON.parse(free.stdout)).toMatchObject([{ paused: false }, { paused: false }]);
  });

  test("--run says which pauses of the backup stay, such as that of a former --hold, and how to end them", async () => {
    await using folder = await withQueue();
    await folder.tq("backup", "copy.db");
    await folder.tq("restore", "copy.db", "--hold");
    await folder.tq("pause", "--task", "sale.process");
    await folder.tq("backup", "held.db");
    const { code, stdout, stderr } = await folder.tq("restore", "held.db", "--run");
    expect(code).toBe(0);
    expect(stdout).toContain("; the pauses of the backup stay; ");
    expect(stderr).toMatch(
      /tq: Still, the queues \* are paused by \S+ since .*: restored from a backup of .*; to end that: tq resume '\*'\n/,
    );
    expect(stderr).toMatch(
      /tq: Still, the method sale\.process is paused by .*; to end that: tq resume --task sale\.process\n/,
    );
    const again = await folder.tq("restore", "held.db", "--hold", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({
      pauses: [{ name: "*" }, { name: "sale.process" }],
    });
    expect(again.stderr).not.toContain("Still, the queues");
    expect(again.stderr).toContain("Still, the method sale.process is paused");
  });

  test("needs no word where nothing would run", async () => {
    await using folder = await withQueue();
    await folder.tq("cancel", "1");
    await folder.tq("cancel", "2");
    await folder.tq("backup", "copy.db");
    expect((await folder.tq("restore", "copy.db")).code).toBe(0);
  });

  test("says that only the log of the former database is left", async () => {
    await using folder = await withQueue();
    await folder.tq("backup", "copy.db");
    rmSync(folder.file("tq.db"));
    folder.write("tq.db-wal", "a log");
    const { stderr } = await folder.tq("restore", "copy.db", "--run");
    expect(stderr).toMatch(
      /^tq: The former database was gone, and only .*\/tq\.db\.former-.*Z-wal is left of it: its log, which no program can read without it; delete it once all is well\n$/,
    );
  });

  test("says that removed tokens are valid again", async () => {
    await using folder = await withQueue();
    await folder.tq("token", "add", "till", "--role", "read");
    await folder.tq("backup", "copy.db");
    const { stderr } = await folder.tq("restore", "copy.db", "--run");
    expect(stderr).toContain("tq: Tokens that were removed since are valid again: tq token list\n");
  });
});
