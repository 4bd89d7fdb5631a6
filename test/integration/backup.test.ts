/** Backups of a queue at work, and their restores: by the executable, killed and refused for real. */
import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { proveBackups } from "../proof/backups.ts";
import { needs } from "../support/needs.ts";
import { ANOTHER_USER, AS_ANOTHER_USER } from "../support/tools.ts";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import { pushKeys, type Site, TQ } from "./support/site.ts";

setDefaultTimeout(120_000);

/** Enough for a copy that takes some 100 ms. */
const MANY = 60_000;

async function withTasks(count: number): Promise<Site> {
  const site = siteWithModels();
  await site.push("job", "add", "1");
  using db = site.connect();
  pushKeys(db, 2, count - 1);
  return site;
}

function integrity(path: string): unknown {
  using db = new Database(path, { readonly: true });
  return db.query("PRAGMA integrity_check").get();
}

function countIn(path: string): number {
  using db = new Database(path, { readonly: true });
  return (db.query("SELECT count(*) AS count FROM tq__task").get() as { count: number }).count;
}

function parts(site: Site): string[] {
  return readdirSync(site.path).filter((name) => name.includes(".part-"));
}

test("a project that was copied, or moved, deletes no backup of the one that it came from", async () => {
  await using site = await withTasks(1);
  const keepOne = (database: string) =>
    site.run("backup", "backups", "--keep", "1", "-d", database);
  mkdirSync(site.file("backups"));
  await keepOne("tq.db");
  const [first = ""] = readdirSync(site.file("backups"));
  for (const [program, ...args] of [["cp", "-a"], ["mv"]] as const) {
    mkdirSync(site.file(program));
    Bun.spawnSync([program, ...args, "tq.db", `${program}/tq.db`], { cwd: site.path });
    const { code, stderr } = await keepOne(`${program}/tq.db`);
    expect(code).toBe(0);
    expect(stderr).toContain(
      `/tq.db (${site.file(`backups/${first}`)}): this database was there before it was moved, or is a copy of that one; delete by hand what nobody needs`,
    );
    expect(stderr).not.toContain("Deleted");
  }
  expect(readdirSync(site.file("backups"))).toHaveLength(3);
});

test("copies of a queue under load are restored and drained, and each task has run once", async () => {
  const { problems, rounds, pushed } = await proveBackups(3);
  expect(problems).toEqual([]);
  expect(rounds.map(({ held }) => held)).toEqual([true, false, false]);
  expect(pushed).toBeGreaterThan(0);
});

describe("the recurring task tq.backup", () => {
  test("is done by a worker while others run, and its history says what it wrote", async () => {
    await using site = await withTasks(3);
    site.write("tq.toml", `[backup]\nfolder = "backups"\nschedule = "@weekly"\n`);
    const listed = await site.run("cron", "list");
    expect(listed.stdout).toContain("tq.backup");
    const worker = await site.worker();
    expect((await site.run("cron", "run", "tq.backup")).stdout).toStartWith(
      "A worker does tq.backup at once",
    );
    await worker.says("log.note", { level: "info" });
    const [name = ""] = readdirSync(site.file("backups"));
    expect(integrity(site.file(`backups/${name}`))).toEqual({ integrity_check: "ok" });
    expect((await site.run("status")).stdout).toMatch(
      new RegExp(`^backup .* ago: .*${name}$`, "m"),
    );
    const history = await eventually("the ledger tells it", async () => {
      const { stdout } = await site.run("cron", "history", "tq.backup");
      return stdout.includes("wrote ") && stdout;
    });
    expect(history).toContain(name);
  });
});

describe("a backup", () => {
  test("that is killed in its middle has no name, and the next one removes what it left", async () => {
    await using site = await withTasks(MANY);
    const backup = site.start(["backup", "copy.db"]);
    await eventually("it writes", () => parts(site).length > 0 || site.has("copy.db"));
    backup.kill("SIGKILL");
    await backup.exited;
    // It may have been whole a moment before.
    if (existsSync(site.file("copy.db"))) {
      expect(integrity(site.file("copy.db"))).toEqual({ integrity_check: "ok" });
      expect(countIn(site.file("copy.db"))).toBe(MANY);
      return;
    }
    expect((await site.run("backup", "copy.db")).code).toBe(0);
    expect(parts(site)).toEqual([]);
    expect(countIn(site.file("copy.db"))).toBe(MANY);
  });

  test("that is killed under a name with the date leaves nothing once the next one has another name", async () => {
    await using site = await withTasks(MANY);
    const backup = site.start(["backup", "shop-monday.db"]);
    await eventually("it writes", () => parts(site).length > 0 || site.has("shop-monday.db"));
    backup.kill("SIGKILL");
    await backup.exited;
    expect((await site.run("backup", "shop-tuesday.db")).code).toBe(0);
    expect(parts(site)).toEqual([]);
    expect(countIn(site.file("shop-tuesday.db"))).toBe(MANY);
  });

  needs("root").test(
    "into a folder that its user may not use is told as one that has failed",
    async () => {
      await using site = await withTasks(1);
      for (const name of [".", "tq.db"]) chownSync(site.file(name), ANOTHER_USER, ANOTHER_USER);
      for (const [folder, mode] of Object.entries({ closed: 0o755, hidden: 0o700, blind: 0o733 })) {
        mkdirSync(site.file(`${folder}/in`), { recursive: true });
        chmodSync(site.file(folder), mode);
        for (const path of folder === "hidden" ? ["hidden/in", "hidden/copy.db"] : [folder]) {
          const tried = site.spawn([...AS_ANOTHER_USER, TQ, "backup", path]);
          const { code, stderr } = await tried.ended();
          expect(code).toBe(6);
          expect(stderr).toMatch(
            /Cannot write the backup \S+: this user may not (?:enter|write in|read) the folder \S+/,
          );
          expect(stderr).toContain(`Cannot write the backup ${site.file(path)}`);
          const status = await site.run("status", "--json");
          const { reason } = JSON.parse(status.stdout).backup;
          expect(reason).toStartWith(`Cannot write the backup ${site.file(path)}`);
        }
      }
      expect((await site.run("doctor", "--quick")).stdout).toMatch(
        /^✗ no_backup\nThe last backup, /m,
      );
    },
  );

  needs("mount").test("onto a disk that is too small is refused before it writes", async () => {
    await using site = await withTasks(20_000);
    using _small = mounted(site, "small", "1m");
    const { code, stderr } = await site.run("backup", "small/copy.db");
    expect(code).toBe(9);
    expect(stderr).toMatch(/Cannot write the backup .*: it needs .* MB, and the disk of .* has /);
    expect(readdirSync(site.file("small"))).toEqual([]);
  });

  needs("prlimit").test("whose disk fails in its middle leaves nothing behind", async () => {
    await using site = await withTasks(20_000);
    const { size } = statSync(site.file("tq.db"));
    const limited = [
      "prlimit",
      `--fsize=${Math.round(size / 2)}`,
      "sh",
      "-c",
      `trap "" XFSZ; exec "$@"`,
    ];
    const { code, stderr } = await site.spawn([...limited, "sh", TQ, "backup", "copy.db"]).ended();
    expect(code).toBe(6);
    expect(stderr).toContain(`Cannot use ${site.file("copy.db")}: disk I/O error`);
    expect(readdirSync(site.path).filter((name) => name.startsWith("copy"))).toEqual([]);
  });
});

test("a compact that is killed in its middle leaves the database whole", async () => {
  await using site = await withTasks(MANY);
  const compact = site.start(["compact", "--full"]);
  await eventually("it writes, or is over", () => {
    return site.has("tq.db-journal") || compact.stdout.includes("before");
  });
  compact.kill("SIGKILL");
  await compact.exited;
  expect((await site.run("list", "--limit", "1")).code).toBe(0);
  expect(integrity(site.file("tq.db"))).toEqual({ integrity_check: "ok" });
  expect(countIn(site.file("tq.db"))).toBe(MANY);
});

describe("a restore", () => {
  test("is refused while a worker lives, also one that is stopped, which then goes on", async () => {
    await using site = await withTasks(1);
    await site.run("backup", "copy.db");
    const worker = await site.worker();
    await site.becomes(1, "finished");
    const refused = await site.run("restore", "copy.db", "--hold");
    expect(refused).toMatchObject({ code: 4, stdout: "" });
    expect(refused.stderr).toContain(`(pid ${worker.pid}) lives; stop it first`);
    await worker.pause();
    expect((await site.run("restore", "copy.db", "--hold")).code).toBe(4);
    worker.kill("SIGCONT");
    const id = await site.pushOne("job", "add", "2");
    await site.becomes(id, "finished");
  });

  test("runs again what ran when the copy was made, and counts no crash", async () => {
    await using site = await withTasks(1);
    const worker = await site.worker();
    await worker.says("task.finished", { task: 1 });
    const id = await site.pushOne("job", "wait", "7"); // no connection of the test stays open
    await worker.says("task.started", { task: id });
    await site.run("backup", "copy.db");
    await worker.end();
    const restored = await site.run("restore", "copy.db", "--run", "--json");
    expect(restored.stderr).toContain(
      "1 task ran when the copy was made: how far is unknown, and it is ready again",
    );
    expect(JSON.parse(restored.stdout)).toMatchObject({ interrupted: 1, tasks: { ready: 1 } });
    site.write("go", "");
    expect((await site.run("worker", "--drain")).code).toBe(0);
    using db = site.connect();
    expect(db.query("SELECT state, crashes, attempts FROM tq__task WHERE id = ?").get(id)).toEqual({
      state: "finished",
      crashes: 0,
      attempts: 2,
    });
  });

  test("that is killed leaves the one database or the other, and the next one ends it", async () => {
    await using site = await withTasks(MANY);
    await site.run("backup", "copy.db");
    using db = site.connect();
    pushKeys(db, MANY + 1, 10);
    db.close();
    for (const made of [/\.(?:part|former)-/, /\.former-/]) {
      const restore = site.start(["restore", "copy.db", "--run"]);
      await eventually(`it has made ${made}`, () =>
        readdirSync(site.path).some((file) => made.test(file)),
      );
      restore.kill("SIGKILL");
      await restore.exited;
      expect(integrity(site.file("tq.db"))).toEqual({ integrity_check: "ok" });
      expect([MANY, MANY + 10]).toContain(countIn(site.file("tq.db")));
    }
    const { code, stderr } = await site.run("restore", "copy.db", "--run");
    expect([code, stderr]).toEqual([0, expect.stringContaining("The former database is")]);
    expect(parts(site)).toEqual([]);
    expect(countIn(site.file("tq.db"))).toBe(MANY);
  });
});

function mounted(site: Site, name: string, size: string): Disposable {
  site.write(`${name}/.keep`, "");
  const path = site.file(name);
  const { exitCode } = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path]);
  if (exitCode !== 0) throw new Error(`Cannot mount ${path}`);
  return { [Symbol.dispose]: () => void Bun.spawnSync(["umount", "-l", path]) };
}
