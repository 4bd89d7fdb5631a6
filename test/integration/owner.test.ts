/** Files that root leaves in the folder of a service do not keep the service's own user from starting. */
import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { recordFailedFlush } from "../../src/sqlite/file/unflushed.ts";
import { WriteRequest } from "../../src/sqlite/lock/write-request.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { ANOTHER_USER, AS_ANOTHER_USER } from "../support/tools.ts";
import { siteWithModels } from "./support/models.ts";
import { type Site, TQ } from "./support/site.ts";

/** A group of other users. */
const GROUP = 65_532;

/** A folder of another user, with models. */
function service(): Site {
  const site = siteWithModels();
  chownSync(site.path, ANOTHER_USER, ANOTHER_USER);
  chownSync(site.file("models.ts"), ANOTHER_USER, ANOTHER_USER);
  return site;
}

function owners(folder: string): Record<string, number[]> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return Object.fromEntries(
    names.map((name) => {
      const { uid, gid } = statSync(join(folder, name));
      return [name, [uid, gid]];
    }),
  );
}

/** The files that are not the service's own. */
function strangers(site: Site): string[] {
  const all = Object.entries(owners(site.path));
  return all.filter(([, ids]) => ids.some((id) => id !== ANOTHER_USER)).map(([name]) => name);
}

needs("root").describe("after root has worked in the folder of a service", () => {
  test("all files are the service's, and its user starts a worker", async () => {
    await using site = service();
    await site.run("init");
    await site.push("job", "add", "1");
    const args = ["-n", "1", "--admin", "--listen", "127.0.0.1:0", "--pidfile", "tq.pid"];
    const worker = await site.worker(args);
    expect(readdirSync(site.path)).toContain("tq.token");
    expect(readdirSync(site.path)).toContain("tq.pid");
    expect(strangers(site)).toEqual([]);
    await worker.end(); // its files stay
    expect(readdirSync(site.file("tq.db-workers"))).toHaveLength(1);
    const own = site.spawn([...AS_ANOTHER_USER, TQ, "worker", ...args, "--drain"], {
      env: { HOME: site.path },
    });
    expect(await own.ended()).toMatchObject({ code: 0 });
    expect(site.has("tq.db-workers")).toBe(false);
    expect(site.effectsOf(1)).toBe(1);
  });

  test("backups are the service's, with their folders, and so is the database that one is restored to", async () => {
    await using site = service();
    await site.push("job", "add", "1");
    site.write("tq.toml", `[backup]\nfolder = "far/backups"\n`);
    chownSync(site.file("tq.toml"), ANOTHER_USER, ANOTHER_USER);
    expect((await site.run("backup")).code).toBe(0);
    const [name = ""] = readdirSync(site.file("far/backups"));
    expect((await site.run("restore", `far/backups/${name}`, "--run")).code).toBe(0);
    rmSync(site.file("tq.db"));
    expect((await site.run("restore", `far/backups/${name}`, "--run")).code).toBe(0);
    expect(strangers(site)).toEqual([]);
  });

  test.each(["444", "400"])("its user backs up a database of mode %s", async (digits) => {
    const mode = Number.parseInt(digits, 8);
    await using site = service();
    await site.push("job", "add", "1");
    chownSync(site.file("tq.db"), ANOTHER_USER, ANOTHER_USER);
    chmodSync(site.file("tq.db"), mode);
    const own = (...args: string[]) =>
      site.spawn([...AS_ANOTHER_USER, TQ, ...args], { env: { HOME: site.path } }).ended();
    expect(await own("backup", "copy.db")).toMatchObject({ code: 0 });
    expect(statSync(site.file("copy.db")).mode & 0o777).toBe(mode);
    rmSync(site.file("tq.db"));
    expect(await own("restore", "copy.db", "--run")).toMatchObject({ code: 0 });
  });

  test("a restored database has owner, group and mode of the former one, behind a link too, and its user works on", async () => {
    await using site = service();
    await site.push("job", "add", "1");
    await site.run("backup", "copy.db");
    mkdirSync(site.file("data"));
    renameSync(site.file("tq.db"), site.file("data/real.db"));
    symlinkSync("data/real.db", site.file("tq.db"));
    for (const name of ["data", "data/real.db"]) chownSync(site.file(name), ANOTHER_USER, GROUP);
    chmodSync(site.file("data/real.db"), 0o640);
    const own = (...args: string[]) =>
      site.spawn([...AS_ANOTHER_USER, TQ, ...args], { env: { HOME: site.path } });
    const worker = own("worker", "-n", "1", "--admin", "--listen", "127.0.0.1:0");
    await worker.says("admin.listening");
    await worker.end(); // its log stays
    const restore = ["sh", "-c", 'umask 077; exec "$@"', "sh", TQ, "restore", "copy.db", "--run"];
    expect((await site.spawn(restore).ended()).code).toBe(0);
    const { uid, gid, mode } = statSync(site.file("data/real.db"));
    expect([uid, gid, mode & 0o7777]).toEqual([ANOTHER_USER, GROUP, 0o640]);
    const beside = readdirSync(site.file("data")).filter((name) => !name.includes(".former-"));
    for (const name of beside) expect(statSync(site.file(`data/${name}`)).uid).toBe(ANOTHER_USER);
    expect((await own("push", "job", "add", "2").ended()).code).toBe(0);
    expect((await own("worker", "--drain").ended()).code).toBe(0);
  });

  test("a user of the group that shares a database keeps its group by a restore", async () => {
    await using site = service();
    await site.push("job", "add", "1");
    await site.run("backup", "copy.db");
    chownSync(site.file("tq.db"), 0, GROUP);
    chmodSync(site.file("tq.db"), 0o660);
    const asMember = AS_ANOTHER_USER.map((one) =>
      one === "--clear-groups" ? `--groups=${GROUP}` : one,
    );
    const restore = [...asMember, TQ, "restore", "copy.db", "--run"];
    const restored = await site.spawn(restore, { env: { HOME: site.path } }).ended();
    expect(restored).toMatchObject({ code: 0 });
    const { uid, gid, mode } = statSync(site.file("tq.db"));
    expect([uid, gid, mode & 0o7777]).toEqual([ANOTHER_USER, GROUP, 0o660]);
  });

  test("a database of the service in a folder of root has files of the service beside it", async () => {
    await using site = siteWithModels();
    await site.push("job", "add", "1");
    for (const name of ["tq.db", "tq.db-wal", "tq.db-shm"]) {
      if (site.has(name)) chownSync(site.file(name), ANOTHER_USER, ANOTHER_USER);
    }
    await site.worker(["-n", "1"]);
    const { "models.ts": models, ...others } = owners(site.path);
    expect(models).toEqual([0, 0]);
    expect(new Set(Object.values(others).flat())).toEqual(new Set([ANOTHER_USER]));
  });

  test("the files that tell of a wait and of a failed flush are the service's", () => {
    using folder = makeFolder();
    const database = folder.file("tq.db");
    writeFileSync(database, "");
    chownSync(database, ANOTHER_USER, ANOTHER_USER);
    new WriteRequest(database).post();
    recordFailedFlush(database);
    const ids = [ANOTHER_USER, ANOTHER_USER];
    expect(owners(folder.path)).toEqual({
      "tq.db": ids,
      "tq.db-wanted": ids,
      "tq.db-unflushed": ids,
    });
  });

  test.each([
    ["tq.db-workers", 6, "tq.db-workers belongs to root, and this is user 65533"],
    ["tq.db", 6, "tq.db belongs to root, and this is user 65533"],
    ["tq.token", 2, "tq.token belongs to root, and this is user 65533"],
    ["tq.pid", 2, "tq.pid belongs to root, and this is user 65533"],
  ])("the refusal of a worker for %s of root names its owner", async (name, status, words) => {
    await using site = service();
    if (name === "tq.db-workers") mkdirSync(site.file(name), { mode: 0o755 });
    else site.write(name, "");
    chownSync(site.file(name), 0, 0);
    if (name === "tq.token") chmodSync(site.file(name), 0o600);
    const flags = ["--admin", "--listen", "127.0.0.1:0", "--pidfile", "tq.pid", "--drain"];
    const own = site.spawn([...AS_ANOTHER_USER, TQ, "worker", ...flags], {
      env: { HOME: site.path },
    });
    const { code, stderr } = await own.ended();
    expect(stderr).toContain(words);
    expect(code).toBe(status);
  });
});
