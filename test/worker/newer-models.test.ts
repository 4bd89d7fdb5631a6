/** Whether the disk has newer models than a thread. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { differenceOnDisk, hashOfContent } from "../../src/registry/model-version.ts";
import { NewerModels } from "../../src/worker/newer-models.ts";

let folder = "";
let reads = 0;

const file = (name = "job.ts") => join(folder, name);

/** What a thread has loaded from this folder, with one file in it. */
function loaded(): NewerModels {
  const files = { [file()]: hashOfContent(Buffer.from("1")) };
  return new NewerModels({ entries: [file()], files }, [folder], (version, paths) => {
    reads += 1;
    return differenceOnDisk(version, paths);
  });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tq-newer-"));
  reads = 0;
  writeFileSync(file(), "1");
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the files of models are read once, however many tasks ask for them", () => {
  const newer = loaded();
  for (let task = 0; task < 3; task++) expect(newer.difference()).toBeNull();
  expect(reads).toBe(1);
});

test("a change is seen at once, and read once", () => {
  const newer = loaded();
  expect(newer.difference()).toBeNull();
  writeFileSync(file(), "22");
  for (let task = 0; task < 3; task++) {
    expect(newer.difference()).toBe(`${file()} has changed`);
  }
  expect(reads).toBe(2);
  writeFileSync(file(), "1");
  expect(newer.difference()).toBeNull();
});

test("a file that is new in a subfolder is seen at once", () => {
  mkdirSync(file("sub"));
  const newer = loaded();
  expect(newer.difference()).toBeNull();
  writeFileSync(file("sub/mail.ts"), "");
  expect(newer.difference()).toBe(`${file("sub/mail.ts")} is new`);
});
