/** Files and folders that the system refuses to write: each command says what is wrong, where, and what to do. */
import { expect, setDefaultTimeout, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
} from "node:fs";
import { needs } from "../../support/needs.ts";
import { ANOTHER_USER, AS_ANOTHER_USER } from "../../support/tools.ts";
import { siteWithModels } from "../support/models.ts";
import { type Site, TQ } from "../support/site.ts";
import { refuseWritesTo, smallDisk } from "./machine.ts";

setDefaultTimeout(60_000);

const LONG = "x".repeat(300);

/** A site with a task, a backup of it, and a file in the place of a folder. */
async function siteWithBackup(): Promise<Site> {
  const site = siteWithModels();
  await site.push("job", "add", "1");
  expect((await site.run("backup", "copy.db")).code).toBe(0);
  site.write("taken", "");
  return site;
}

/** The words of every command that writes a file, with their exit statuses; a path goes where % stands. */
const COMMANDS: readonly (readonly [line: string, code: number])[] = [
  ["backup %/copy.db", 6],
  ["restore copy.db --run -d %/tq.db", 6],
  ["init %", 2],
  ["bundle %/models.js", 2],
  ["worker --drain --pidfile %/tq.pid", 2],
];

test.each(COMMANDS)("tq %s names the file that is in the place of a folder", async (line, code) => {
  await using site = await siteWithBackup();
  const { stderr, ...ended } = await site.run(...line.replace("%", "taken").split(" "));
  expect(stderr).toMatch(
    new RegExp(`Cannot .*${site.file("taken")} is a file(?:, and no folder \\(E\\w+\\))?; \\w+ `),
  );
  expect(ended.code).toBe(line.startsWith("backup") ? 2 : code); // a mistyped name is no failed backup
});

test.each(COMMANDS)("tq %s says that a name is too long", async (line, code) => {
  await using site = await siteWithBackup();
  const { stderr, ...ended } = await site.run(...line.replace(/%\/\w+|%/, LONG).split(" "));
  expect(stderr).toContain(
    ": the name is too long for the file system (ENAMETOOLONG); give a shorter one",
  );
  expect(ended.code).toBe(line.startsWith("backup") ? 2 : code);
});

needs("mount").describe("on a disk that is mounted read-only", () => {
  test.each(COMMANDS)("tq %s says that the disk is read-only", async (line, code) => {
    await using site = await siteWithBackup();
    mkdirSync(site.file("disk"));
    const accept = refuseWritesTo(site.file("disk"));
    try {
      const { stderr, ...ended } = await site.run(...line.replace("%", "disk").split(" "));
      expect(stderr).toContain(
        `: the file system of ${site.file("disk")} is mounted read-only (EROFS); mount it for writing, or name another place`,
      );
      expect(ended.code).toBe(code);
    } finally {
      accept();
    }
  });
});

needs("root").describe("in a folder of another user", () => {
  test.each(COMMANDS)("tq %s says whose folder it may not write", async (line, code) => {
    await using site = await siteWithBackup();
    for (const name of [".", "tq.db", "copy.db", "models.ts"]) {
      chownSync(site.file(name), ANOTHER_USER, ANOTHER_USER);
    }
    mkdirSync(site.file("closed"), { mode: 0o755 });
    const args = line.replace("%", "closed").split(" ");
    const own = site.spawn([...AS_ANOTHER_USER, TQ, ...args], { env: { HOME: site.path } });
    const { stderr, ...ended } = await own.ended();
    expect(stderr).toContain(
      `: this user may not write in the folder ${site.file("closed")} (${site.file("closed")} belongs to root, and this is user ${ANOTHER_USER}) (EACCES); run this as its owner, `,
    );
    expect(ended.code).toBe(code);
  });
});

test("a file in the place of backup.folder is named, and remembered as a failed backup", async () => {
  await using site = await siteWithBackup();
  site.write("tq.toml", `[backup]\nfolder = "taken"\n`);
  const { code, stderr } = await site.run("backup");
  const words = `Cannot make the folder ${site.file("taken")} for backups: ${site.file("taken")} is a file, and no folder (EEXIST)`;
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: `tq: ${words}; move it away, or name another path\n`,
  });
  expect((await site.run("doctor", "--quick")).stdout).toContain(`failed: ${words}.`);
});

needs("root").test("a backup.folder without rights is a failed backup", async () => {
  await using site = await siteWithBackup();
  site.write("tq.toml", `[backup]\nfolder = "closed/backups"\n`);
  for (const name of [".", "tq.db"]) chownSync(site.file(name), ANOTHER_USER, ANOTHER_USER);
  mkdirSync(site.file("closed"), { mode: 0o755 });
  const own = site.spawn([...AS_ANOTHER_USER, TQ, "backup"], { env: { HOME: site.path } });
  const { code, stderr } = await own.ended();
  expect(stderr).toContain(`this user may not write in the folder ${site.file("closed")} (`);
  expect(code).toBe(6);
  expect((await site.run("status", "--json")).stdout).toContain("this user may not write in");
});

/** A place for executables, and two builds of one. */
function executables(site: Site): { tq: string; other: string } {
  const [tq, other] = [site.file("bin/tq"), site.file("other")];
  mkdirSync(site.file("bin"), { mode: 0o755 });
  copyFileSync(TQ, other);
  appendFileSync(other, "\n");
  return { tq, other };
}

needs("mount").test("tq upgrade on a full disk, and on a read-only one, says so", async () => {
  await using site = siteWithModels();
  const { tq, other } = executables(site);
  const megabytes = Math.ceil(Bun.file(TQ).size / 1_000_000);
  using _disk = smallDisk({ path: site.file("bin"), file: (name) => name }, megabytes * 1.3);
  copyFileSync(TQ, tq);
  chmodSync(tq, 0o755);
  const full = await site.spawn([tq, "upgrade", other]).ended();
  expect(full).toMatchObject({
    code: 9,
    stderr: `tq: Cannot replace ${tq}: the disk of ${site.file("bin")} is full (ENOSPC); free some space and try again\n`,
  });
  expect(readdirSync(site.file("bin"))).toEqual(["tq"]);
  const accept = refuseWritesTo(site.file("bin"));
  const refused = await site.spawn([tq, "upgrade", other]).ended();
  accept();
  expect(refused).toMatchObject({
    code: 2,
    stderr: `tq: Cannot replace ${tq}: the file system of ${site.file("bin")} is mounted read-only (EROFS); mount it for writing, or name another place\n`,
  });
});

needs("root").test(
  "tq upgrade in a folder of root asks for sudo, and names a file that it cannot read",
  async () => {
    await using site = siteWithModels();
    const { tq, other } = executables(site);
    copyFileSync(TQ, tq);
    chmodSync(site.path, 0o755);
    const asAnother = (file: string) =>
      site.spawn([...AS_ANOTHER_USER, tq, "upgrade", file]).ended();
    const denied = await asAnother(other);
    expect(denied.code).toBe(2);
    expect(denied.stderr).toStartWith(
      `tq: Cannot replace ${tq}: this user may not write in the folder ${site.file("bin")} (`,
    );
    expect(denied.stderr).toEndWith("(EACCES); put sudo before the command\n");
    chmodSync(other, 0o600);
    chmodSync(site.file("bin"), 0o777);
    expect((await asAnother(other)).stderr).toStartWith(
      `tq: Cannot read ${other}: this user may not use ${other} (${other} belongs to root, `,
    );
  },
);
