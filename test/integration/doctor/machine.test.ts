/** The findings of `tq doctor` about the machine, the file and the settings, each brought about for real. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../../support/needs.ts";
import { eventually } from "../support/eventually.ts";
import { TQ } from "../support/site.ts";
import { doctor, namesOf, only, PLAIN, project, TOML } from "./support.ts";

setDefaultTimeout(60_000);

test("there is no database, or the file is none", async () => {
  await using site = await project();
  const missing = await doctor(site, ["-d", "none.db"]);
  expect(missing).toMatchObject({ code: 1 });
  expect(only(missing, "database").advice).toBe("");
  site.write("text.db", "This is no database, but text of more than some bytes.\n".repeat(100));
  const text = await doctor(site, ["-d", "text.db"]);
  expect(text).toMatchObject({ code: 1 });
  expect(only(text, "database").message).toContain(site.file("text.db"));
});

test("pushes are refused, as the queue or the disk is full", async () => {
  await using site = await project();
  const full = await doctor(site, ["--quick"], { env: { TQ_QUEUE__MAX_SIZE: "1" } });
  expect(only(full, "pushes_refused").message).toContain("queue.max_size is 1");
  const disk = await doctor(site, ["--quick"], { env: { TQ_DATABASE__MIN_FREE_MB: "1000000000" } });
  expect(only(disk, "pushes_refused").advice).toBe("free some space");
});

test("the free space comes near the floor", async () => {
  await using site = await project();
  const { bavail, bsize } = statfsSync(site.path);
  const floor = String(Math.floor((bavail * bsize) / 2_000_000)); // half of it
  const answer = await doctor(site, ["--quick"], { env: { TQ_DATABASE__MIN_FREE_MB: floor } });
  expect(only(answer, "disk_below_floor").message).toContain("pushes are refused below");
});

test("a ready task waits for longer than it may", async () => {
  await using site = await project();
  using db = site.connect();
  db.run("UPDATE tq__task SET enqueued_at = enqueued_at - 7200000, deadline = deadline - 7200000");
  expect(namesOf(await doctor(site))).toEqual(["no_worker"]);
  const answer = await doctor(site, ["--quick"], { env: { TQ_QUEUE__MAX_WAIT: "1h" } });
  expect(only(answer, "ready_too_old").message).toMatch(
    /^A task of the queue "default" has waited to run for 2 h(?: \d+ min)?, and queue.max_wait is 1 h$/,
  );
});

test("a power cut may lose tasks", async () => {
  await using site = await project();
  const answer = await doctor(site, ["--quick"], { env: { TQ_DATABASE__DURABILITY: "normal" } });
  expect(only(answer, "durability").message).toContain('"normal" (TQ_DATABASE__DURABILITY)');
});

test("the database has times of the future", async () => {
  await using site = await project();
  using db = site.connect();
  db.run(
    "UPDATE tq__task SET enqueued_at = enqueued_at + 86400000, deadline = deadline + 86400000",
  );
  expect(only(await doctor(site), "clock").message).toContain("ahead of this clock");
  await site.worker(["-n", "1", "--queue", "other"]);
  const isQuiet = async () => !namesOf(await doctor(site)).includes("clock");
  await eventually("a worker has repaired the order", isQuiet);
});

test("any user may write the file", async () => {
  await using site = await project();
  chmodSync(site.file("tq.db"), 0o666);
  const { advice } = only(await doctor(site), "owner"); // SQLite gives its other files the same mode
  expect(advice).toStartWith(`chmod o-w ${site.file("tq.db")}`);
});

test.skipIf(process.getuid?.() !== 0)("the files belong to two users", async () => {
  await using site = await project();
  await site.worker(["-n", "1"], { env: PLAIN });
  chownSync(site.file("tq.db-workers"), 12_345, 12_345);
  const { message, advice } = only(await doctor(site), "owner");
  expect(message).toContain("belongs to user 12345, and the database to user 0");
  expect(advice).toBe(`chown 0 ${site.file("tq.db-workers")}`);
});

test("a page of the file is damaged", async () => {
  await using site = await project();
  using db = site.connect();
  db.run("CREATE TABLE bulk (text TEXT)");
  db.run(
    "WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < 2000) INSERT INTO bulk SELECT hex(randomblob(100)) FROM n",
  );
  const { page } = db
    .query("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'bulk'")
    .get() as { page: number };
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const file = openSync(site.file("tq.db"), "r+");
  writeSync(file, new Uint8Array(64).fill(0xff), 0, 64, (page - 1) * 4096);
  closeSync(file);
  expect(namesOf(await doctor(site))).not.toContain("damage");
  const answer = await doctor(site, []);
  expect(namesOf(answer)).toEqual(["damage"]);
  expect(answer.checks.map(({ check }) => check)).toEqual(["damage"]);
  const { message, advice } = only(answer, "damage");
  expect(message).toStartWith(`${site.file("tq.db")} is damaged: `);
  expect(advice).toContain("restore a backup");
});

test("a database that cannot be read is the only finding, and its backup names the database", async () => {
  await using site = await project();
  using db = site.connect();
  db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const { size } = statSync(site.file("tq.db"));
  const file = openSync(site.file("tq.db"), "r+");
  for (let at = 3 * 4096; at < size; at += 4096) {
    writeSync(file, new Uint8Array(200).fill(0x78), 0, 200, at);
  }
  closeSync(file);
  for (const flags of [[], ["--quick"]]) {
    const answer = await doctor(site, flags);
    expect(namesOf(answer)).toEqual(["database"]);
    expect(only(answer, "database").advice).toContain("restore a backup");
  }
  const backup = await site.start(["backup", "copy.db"], { env: PLAIN }).ended();
  expect(backup.code).toBe(6);
  expect(backup.stderr).toContain(`Cannot use ${site.file("tq.db")}: `);
  expect(site.has("copy.db")).toBe(false);
});

test("the log was deleted while a worker has the database open", async () => {
  await using site = await project();
  await site.pauseUnlocked(await site.worker(["-n", "1"])); // it would end as soon as it saw that
  rmSync(site.file("tq.db-wal"));
  const { message, advice } = only(await doctor(site), "database");
  expect(message).toContain(
    `its write-ahead log ${site.file("tq.db-wal")} was deleted, or emptied`,
  );
  expect(advice).toContain("stop every program that uses the database");
});

test("a link leads to a disk that is not mounted", async () => {
  await using site = await project();
  symlinkSync("/mnt/nothere/tq.db", site.file("far.db"));
  const named = `${site.file("far.db")} is a link to /mnt/nothere/tq.db, which is not there`;
  const { message, advice } = only(await doctor(site, ["-d", "far.db"]), "database");
  expect(message).toBe(`There is no database: ${named}`);
  expect(advice).toContain("mount the disk");
  const push = await site
    .start(["push", "job", "add", "1", "-d", "far.db"], { env: PLAIN })
    .ended();
  expect(push.code).toBe(6);
  expect(push.stderr).toContain(`Cannot use ${site.file("far.db")} as the database: ${named}`);
});

test("the models are gone, tasks wait, and no worker runs", async () => {
  await using site = await project();
  rmSync(site.file("models.ts"));
  const { message } = only(await doctor(site), "model_missing");
  expect(message).toContain("1 task waits for job.add");
});

needs("strace").test("the disk is slow", async () => {
  await using site = await project();
  const slow = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=fdatasync:delay_enter=150000"];
  const command = ["strace", ...slow, TQ, "doctor", "--json"];
  const { stdout } = await site.spawn(command, { env: PLAIN }).ended();
  const answer = JSON.parse(stdout) as Awaited<ReturnType<typeof doctor>>;
  expect(only(answer, "slow_flush").message).toContain("to keep a commit");
});

test.skipIf(process.platform !== "linux")("the database lies in memory", async () => {
  await using site = await project();
  const folder = mkdtempSync("/dev/shm/tq-doctor-");
  try {
    const database = join(folder, "tq.db");
    await site.start(["push", "job", "add", "1", "-d", database], { env: PLAIN }).ended();
    const answer = await doctor(site, ["--quick", "-d", database]);
    expect(only(answer, "file_system").message).toContain("in memory: all tasks are gone");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("another tq.toml lies beside the database, and the worker has read that one", async () => {
  await using site = await project();
  await site.worker(["-n", "1"], { env: PLAIN });
  mkdirSync(site.file("other"));
  site.write("other/tq.toml", TOML);
  const elsewhere = { cwd: site.file("other") };
  const { findings } = await doctor(site, ["--quick", "-d", site.file("tq.db")], elsewhere);
  expect(namesOf({ findings })).toEqual(["two_settings_files", "two_settings_files"]);
  const [beside, worker] = findings;
  expect(beside?.message).toStartWith(`${site.file("tq.toml")} lies beside the database`);
  expect(worker?.message).toContain(`come from ${site.file("tq.toml")}`);
});

test("one settings file that a link names too is one file", async () => {
  await using site = await project();
  symlinkSync(".", site.file("current"));
  await site.worker(["-n", "1"], { env: PLAIN });
  await eventually("the worker has told of its settings", () => {
    const [row] = site.all<{ about: string | null }>("SELECT about FROM tq__worker");
    return row?.about !== null;
  });
  const asked = ["--quick", "-c", site.file("current/tq.toml")];
  expect(await doctor(site, asked)).toMatchObject({ code: 0, findings: [] });
});

test("this program would not have the mode of the database", async () => {
  await using site = await project();
  mkdirSync(site.file("other"));
  const elsewhere = { cwd: site.file("other") };
  const answer = await doctor(site, ["--quick", "-d", site.file("tq.db")], elsewhere);
  const { message, advice } = only(answer, "mode_differs");
  expect(message).toBe(
    `queue.worker is false by default here, and true for the database, as ${site.file("tq.toml")} said`,
  );
  expect(advice).toContain("name that file with -c or TQ_CONFIG");
});
