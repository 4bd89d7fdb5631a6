/** The build in the version of an executable. */
import { expect } from "bun:test";
import { buildOf } from "../../.ci/build.ts";
import { writeFileSync } from "node:fs";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";

needs("git").test("a build is the commit of its checkout, marked where files have changed", () => {
  using folder = makeFolder();
  const git = (...args: string[]) => {
    const who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    const { stdout } = Bun.spawnSync(["git", ...who, ...args], { cwd: folder.path });
    return stdout.toString().trim();
  };
  expect(buildOf(folder.path)).toBe(null);
  git("init", "-q");
  const write = (name: string, text: string) => writeFileSync(folder.file(name), text);
  write("a.ts", "1");
  git("add", "a.ts");
  git("commit", "-qm", "a");
  const commit = git("rev-parse", "HEAD").slice(0, 7);
  expect(buildOf(folder.path)).toBe(commit);
  write("notes.txt", "not a part of it");
  expect(buildOf(folder.path)).toBe(commit);
  write("a.ts", "2");
  expect(buildOf(folder.path)).toBe(`${commit}.changed`);
});
