/** `tq migrate --to` a file: each path that cannot be that of a new database has a sentence, and nothing moves. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { chownSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { needs } from "../support/needs.ts";
import { ANOTHER_USER, AS_ANOTHER_USER } from "../support/tools.ts";
import { refuseWritesTo, smallDisk } from "./faults/machine.ts";
import { siteWithModels } from "./support/models.ts";
import { type Site, TQ } from "./support/site.ts";

setDefaultTimeout(30_000);

async function siteWithTask(): Promise<Site> {
  const site = siteWithModels();
  await site.push("job", "add", "1");
  return site;
}

/** The task is where it was, and no part of another file is left. */
async function expectUnmoved(site: Site): Promise<void> {
  expect((await site.run("list", "--json")).stdout).toContain('"method": "add"');
  const all = readdirSync(site.path, { recursive: true, encoding: "utf8" });
  expect(all.filter((name) => name.includes(".part-"))).toEqual([]);
}

const LONG = "x".repeat(300);

test.each([
  ["folder", 2, "it is a folder; name a new file, such as %/folder/tq.db"],
  ["models.ts", 2, "there is a file already; name a new one"],
  ["nope/new.db", 2, "there is no folder %/nope (ENOENT); make it first"],
  [
    "models.ts/new.db",
    2,
    "%/models.ts is a file, and no folder (ENOTDIR); move it away, or name another path",
  ],
  ["tq.db-wal", 2, "%/tq.db-wal is a name of the database's own; give another one"],
  ["left.db", 2, "the log %/left.db-wal is there already; name a new one"],
])("into %s is refused with exit %d: %s", async (path, status, why) => {
  await using site = await siteWithTask();
  mkdirSync(site.file("folder"));
  site.write("left.db-wal", "log");
  const { code, stderr } = await site.run("migrate", "--to", path);
  const reason = why.replaceAll("%", site.path);
  expect({ code, stderr }).toEqual({
    code: status,
    stderr: `tq: Cannot move into ${site.file(path)}: ${reason}\n`,
  });
  await expectUnmoved(site);
});

test("a name that is too long, and a link that leads nowhere, are refused", async () => {
  await using site = await siteWithTask();
  symlinkSync("/mnt/nothere/new.db", site.file("link"));
  for (const [path, why] of [
    [LONG, "the name is too long for the file system (ENAMETOOLONG); give a shorter one"],
    ["link", `${site.file("link")} is a link to /mnt/nothere/new.db, which is not there; `],
  ] as const) {
    const { code, stderr } = await site.run("migrate", "--to", path);
    expect(stderr).toStartWith(`tq: Cannot use ${site.file(path)} as the database: ${why}`);
    expect(code).toBe(6);
  }
  await expectUnmoved(site);
});

needs("root").test(
  "a folder without rights is refused, and the new file has the owner of the old one",
  async () => {
    await using site = await siteWithTask();
    for (const name of [".", "tq.db"]) chownSync(site.file(name), ANOTHER_USER, ANOTHER_USER);
    mkdirSync(site.file("closed"), { mode: 0o755 });
    const args = ["migrate", "--to", "closed/new.db"];
    const own = site.spawn([...AS_ANOTHER_USER, TQ, ...args], { env: { HOME: site.path } });
    const { code, stderr } = await own.ended();
    expect(stderr).toStartWith(
      `tq: Cannot move into ${site.file("closed/new.db")}: this user may not write in the folder ${site.file("closed")} (`,
    );
    expect(code).toBe(6);
    await expectUnmoved(site);
    expect((await site.run(...args)).code).toBe(0);
    const { uid, gid, mode } = statSync(site.file("closed/new.db"));
    const former = statSync(site.file("tq.db"));
    expect([uid, gid, mode]).toEqual([ANOTHER_USER, ANOTHER_USER, former.mode]);
    expect((await site.run("-d", "closed/new.db", "list", "--json")).stdout).toContain('"add"');
  },
);

needs("mount").test("a disk that is full, or read-only, is told, and leaves nothing", async () => {
  await using site = await siteWithTask();
  mkdirSync(site.file("disk"));
  using _disk = smallDisk({ path: site.file("disk"), file: (name) => name }, 0.1);
  const full = await site.run("migrate", "--to", "disk/new.db");
  expect(full).toMatchObject({
    code: 9,
    stderr: `tq: Cannot write to ${site.file("disk/new.db")}: the disk is full; free some space and try again\n`,
  });
  expect(readdirSync(site.file("disk"))).toEqual([]);
  const accept = refuseWritesTo(site.file("disk"));
  const refused = await site.run("migrate", "--to", "disk/new.db");
  accept();
  expect(refused.stderr).toContain(
    `Cannot move into ${site.file("disk/new.db")}: the file system of ${site.file("disk")} is mounted read-only (EROFS); `,
  );
  expect(refused.code).toBe(6);
  await expectUnmoved(site);
});
