/** `tq upgrade`: the executable gets another one in its place, beside a running worker. */
import { expect, test } from "bun:test";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
} from "node:fs";
import { SCHEMA_VERSION } from "../../src/sqlite/migrate.ts";
import { processField } from "../../src/process-stat.ts";
import { needs } from "../support/needs.ts";
import { AS_ANOTHER_USER } from "../support/tools.ts";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import { type Site, TQ } from "./support/site.ts";

/** Bun starts programs with that signal ignored, for which the system forgets ended children at once. */
const DEFAULT_CHLD = ["env", "--default-signal=CHLD"];

/** A site with its own executable, and another build of it: the same with a byte more. */
function siteWithExecutables(): { site: Site; tq: string; other: string } {
  const site = siteWithModels();
  const [tq, other] = [site.file("bin/tq"), site.file("other")];
  site.write("bin/.keep", "");
  copyFileSync(TQ, tq);
  copyFileSync(TQ, other);
  appendFileSync(other, "\n");
  return { site, tq, other };
}

test("a worker goes on beside the new executable, and the old one takes it back", async () => {
  const { site, tq, other } = siteWithExecutables();
  await using _ = site;
  const worker = site.spawn([tq, "worker", "-n", "1"]);
  await worker.says("worker.started");
  chmodSync(other, 0o644); // as a download has it
  const upgraded = await site.spawn([tq, "upgrade", other]).ended();
  expect(upgraded.code).toBe(0);
  expect(upgraded.stdout).toContain(`to undo it: tq upgrade ${tq}.old`);
  expect(readFileSync(tq).equals(readFileSync(other))).toBe(true);
  expect(readdirSync(site.file("bin")).toSorted()).toEqual([".keep", "tq", "tq.old"]);

  const id = await site.pushOne("job", "add", "1");
  await site.becomes(id, "finished");
  const undone = await site.spawn([tq, "upgrade", `${tq}.old`, "--json"]).ended();
  expect(JSON.parse(undone.stdout)).toMatchObject({ target: tq, old: `${tq}.old`, services: [] });
  expect(readFileSync(tq).equals(readFileSync(TQ))).toBe(true);
});

test("the same build changes nothing", async () => {
  const { site, tq } = siteWithExecutables();
  await using _ = site;
  const { code, stdout } = await site.spawn([tq, "upgrade", TQ]).ended();
  expect(code).toBe(0);
  expect(stdout).toContain("is this very build");
  expect(existsSync(`${tq}.old`)).toBe(false);
});

test("a copy that a killed upgrade has left is removed, and that of a living process stays", async () => {
  const { site, tq } = siteWithExecutables();
  await using _ = site;
  const gone = Bun.spawn(["true"]);
  await gone.exited;
  // Its parent does not ask how it has ended.
  const parent = site.spawn([...DEFAULT_CHLD, "sh", "-c", "true & echo $!; exec sleep 60"]);
  const unasked = await eventually("it has ended", () => {
    const pid = /^\d+/.exec(parent.stdout)?.[0] ?? "";
    return processField(pid, "state") === "Z" && pid;
  });
  for (const pid of [gone.pid, unasked]) site.write(`bin/tq.new-${pid}`, "half");
  site.write(`bin/tq.new-${process.pid}`, "half");
  site.write("bin/tq.new-notes", "mine");
  expect((await site.spawn([tq, "upgrade", TQ]).ended()).code).toBe(0);
  expect(readdirSync(site.file("bin")).toSorted()).toEqual([
    ".keep",
    "tq",
    `tq.new-${process.pid}`,
    "tq.new-notes",
  ]);
});

test("a file that is no tq for this machine is refused, and leaves nothing behind", async () => {
  const { site, tq } = siteWithExecutables();
  await using _ = site;
  site.write("text", "#!/bin/sh\n");
  const arm = Buffer.concat([Buffer.from("\u007fELF"), Buffer.alloc(14), Buffer.from([183, 0])]);
  await Bun.write(site.file("arm"), arm);
  for (const [file, code, words] of [
    ["nothing", 3, "There is no file nothing"],
    ["bin", 2, "it is no file"],
    ["text", 2, "it is no executable"],
    ["arm", 2, "it is made for Linux on arm64"],
    ["/bin/true", 2, "it does not run here as a tq"],
  ] as const) {
    const ended = await site.spawn([tq, "upgrade", file]).ended();
    expect(ended.stderr).toContain(words);
    expect(ended.code).toBe(code);
  }
  expect(readdirSync(site.file("bin")).toSorted()).toEqual([".keep", "tq"]);
});

test("the schema of the database decides, and is not changed", async () => {
  const { site, tq, other } = siteWithExecutables();
  await using _ = site;
  await site.pushOne("job", "add", "1");
  const setSchema = (change: string) => {
    using database = site.connect();
    database.run(`UPDATE tq__schema SET version = version + ${change}`);
  };
  setSchema("1");
  const older = await site.spawn([tq, "upgrade", other]).ended();
  expect(older.code).toBe(4);
  expect(older.stderr).toContain("and that tq knows up to");
  setSchema("-2");
  const newer = await site.spawn([tq, "upgrade", other]).ended();
  expect(newer.code).toBe(4);
  expect(newer.stderr).toContain("give --new-schema");
  const told = await site.spawn([tq, "upgrade", other, "--new-schema"]).ended();
  expect(told.code).toBe(0);
  const { version } = site.one<{ version: number }>("SELECT version FROM tq__schema");
  expect(version).toBe(SCHEMA_VERSION - 1);
  expect(told.stdout).toContain(`mv ${tq}.old ${tq}, and restore the backup`);
});

needs("root").test("a user who may not write beside the executable is refused", async () => {
  const { site, tq, other } = siteWithExecutables();
  await using _ = site;
  chmodSync(site.path, 0o755);
  const { code, stderr } = await site.spawn([...AS_ANOTHER_USER, tq, "upgrade", other]).ended();
  expect(code).toBe(2);
  expect(stderr).toContain(`Cannot replace ${tq}`);
  expect(stderr).toContain("put sudo before the command");
});
