/** The sentences for files that the system refuses to write, each refusal made for real. */
import { expect, test } from "bun:test";
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { refusalOf, refusalWords } from "../src/write-refusal.ts";
import { errorOf } from "./support/error.ts";
import { makeFolder } from "./support/folder.ts";

/** Writes a file, and says why that failed. */
async function wordsOf(path: string): Promise<string> {
  return refusalWords(path, await errorOf(() => writeFileSync(path, "x")));
}

async function wordsOfFolder(path: string): Promise<string> {
  return refusalWords(path, await errorOf(() => mkdirSync(path, { recursive: true })));
}

test("a file in the place of a folder is named, and what to do", async () => {
  using folder = makeFolder();
  const file = folder.file("taken");
  writeFileSync(file, "");
  const words = `${file} is a file, and no folder`;
  const advice = "move it away, or name another path";
  expect(await wordsOfFolder(file)).toBe(`${words} (EEXIST); ${advice}`);
  expect(await wordsOfFolder(`${file}/in/it`)).toBe(`${words} (ENOTDIR); ${advice}`);
  expect(await wordsOf(`${file}/in`)).toBe(`${words} (ENOTDIR); ${advice}`);
});

test("a folder in the place of a file is named", async () => {
  using folder = makeFolder();
  expect(await wordsOf(folder.path)).toBe(
    `${folder.path} is a folder (EISDIR); move it away, or name a file`,
  );
  writeFileSync(folder.file("new"), "");
  mkdirSync(folder.file("old"));
  const renamed = await errorOf(() => renameSync(folder.file("new"), folder.file("old")));
  expect(refusalWords(folder.file("old"), renamed)).toContain("is a folder (EISDIR)");
});

test("a folder that is missing is named, and a link on the way that leads nowhere", async () => {
  using folder = makeFolder();
  const path = folder.file("a/b");
  expect(await wordsOf(path)).toBe(`there is no folder ${dirname(path)} (ENOENT); make it first`);
  symlinkSync("/mnt/nothere", folder.file("a"));
  const link = `${folder.file("a")} is a link to /mnt/nothere, which is not there`;
  expect(await wordsOf(path)).toStartWith(link);
  expect(await wordsOfFolder(folder.file("a"))).toStartWith(link);
});

test("a name that is too long, and links in a circle, are told", async () => {
  using folder = makeFolder();
  expect(await wordsOf(folder.file("x".repeat(300)))).toBe(
    "the name is too long for the file system (ENAMETOOLONG); give a shorter one",
  );
  symlinkSync("round", folder.file("round"));
  expect(await wordsOf(folder.file("round"))).toStartWith(
    "its links lead round in a circle (ELOOP); ",
  );
});

test("an unknown refusal has the words of the system, without the call that failed", () => {
  const error = Object.assign(new Error("EXXX: odd, open '/srv/part-7'"), { code: "EXXX" });
  expect(refusalWords("/srv/tq.db", error)).toBe("EXXX: odd");
});

test("a full disk is no wrong path", () => {
  const error = Object.assign(new Error("ENOSPC: no space left on device, write"), {
    code: "ENOSPC",
  });
  const { code, message } = refusalOf("Cannot write /nothere/file", "/nothere/file", error);
  expect([code, message]).toEqual([
    "full",
    "Cannot write /nothere/file: the disk of / is full (ENOSPC); free some space and try again",
  ]);
});
