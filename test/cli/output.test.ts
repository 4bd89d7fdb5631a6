/** Where the answer of a command goes, when that is a file. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Folder } from "./tq.ts";

test("an answer that its file does not take is an error", async () => {
  await using folder = new Folder();
  const { code, stdout, stderr } = await folder.into("/dev/full", "version");
  expect(stdout).toBe("");
  expect(stderr).toContain("tq: Cannot write the answer: ENOSPC");
  expect(code).toBe(9);
});

test("an answer is written to the end of a file that has something already", async () => {
  await using folder = new Folder();
  folder.write("log", "before\n");
  for (let time = 0; time < 2; time++) {
    const { code, stderr } = await folder.into(folder.file("log"), "version");
    expect(stderr).toBe("");
    expect(code).toBe(0);
  }
  expect(readFileSync(folder.file("log"), "utf8")).toMatch(/^before\n(tq .*\n)\1$/);
});
