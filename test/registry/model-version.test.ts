/** Versions of models: how two differ, and whether a load has files of one moment. */
import type { ModelVersion } from "../../src/catalog.ts";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModels } from "../../src/registry/load-models.ts";
import { differenceOf, differenceOnDisk, joined, Load } from "../../src/registry/model-version.ts";

let folder = "";
const at = (name: string) => join(folder, name);
const write = (name: string, text: string) => writeFileSync(at(name), text);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tq-version-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const VERSION: ModelVersion = {
  entries: ["/shop/models.ts"],
  files: { "/shop/models.ts": "1", "/shop/price.ts": "2" },
};

function withFiles(files: Record<string, string>): ModelVersion {
  return { ...VERSION, files };
}

describe("two versions", () => {
  test("with the same files are one", () => {
    expect(differenceOf(VERSION, VERSION)).toBeNull();
  });

  test("of which the later one has loaded less are one: a file may be imported by a condition", () => {
    expect(differenceOf(VERSION, withFiles({ "/shop/models.ts": "1" }))).toBeNull();
  });

  test("with another text of a file differ", () => {
    const later = withFiles({ ...VERSION.files, "/shop/price.ts": "3" });
    expect(differenceOf(VERSION, later)).toBe("/shop/price.ts has changed");
    expect(joined(VERSION, later)).toEqual(later);
  });

  test("of which the later one has loaded more differ, and are one once they are joined", () => {
    const later = withFiles({ "/shop/models.ts": "1", "/shop/tax.ts": "4" });
    expect(differenceOf(VERSION, later)).toBe("/shop/tax.ts has changed");
    const both = joined(VERSION, later);
    expect(differenceOf(both, VERSION)).toBeNull();
    expect(differenceOf(both, later)).toBeNull();
  });

  test.each([
    [["/shop/models.ts", "/shop/b.ts"], "/shop/b.ts is new"],
    [[], "/shop/models.ts is gone"],
    [["/shop/r2/models.ts"], "/shop/r2/models.ts has changed"],
  ])("with the files of models %j differ", (entries, words) => {
    expect(differenceOf(VERSION, { ...VERSION, entries })).toBe(words);
  });
});

function begin(paths: string[], known: string[], isLenient = false): Load {
  return new Load({ paths, known, isLenient });
}

/** Writes models that import another file. */
function writeModels(name: string): string {
  write(`${name}.ts`, `import { PRICE } from "./${name}-price.ts"; export const P = PRICE;`);
  write(`${name}-price.ts`, "export const PRICE = 1;");
  return at(`${name}.ts`);
}

describe("a load", () => {
  test("in which a file was written is told, and its files are known the second time", async () => {
    const models = writeModels("fresh");
    const price = at("fresh-price.ts");
    const load = begin([models], []);
    write("fresh-price.ts", "export const PRICE = 3;");
    await loadModels(models);
    expect(load.end().edited).toBe(`${price} has changed`);
    const known = [models, price];
    const again = begin([models], known);
    // In this process the files are loaded already, so that the version is empty: a thread is new.
    expect(again.end().edited).toBeNull();
  });

  test("in which a file that is known was written is told, also where its time is kept", async () => {
    const models = writeModels("edited");
    const price = at("edited-price.ts");
    const load = begin([models], [price]);
    await loadModels(models);
    write("edited-price.ts", "export const PRICE = 2;");
    utimesSync(price, 1, 1);
    expect(load.end().edited).toBe(`${price} has changed`);
  });

  test("that writes a file itself and imports it leaves it out, once earlier loads were disturbed", async () => {
    write(
      "writes.ts",
      `import { writeFileSync } from "node:fs";
      writeFileSync("${at("made.ts")}", "export const MADE = 1;");
      await import("${at("made.ts")}");`,
    );
    const models = at("writes.ts");
    const strict = begin([models], []);
    const lenient = begin([models], [], true);
    await loadModels(models);
    expect(strict.end().edited).toBe(`${at("made.ts")} has changed`);
    const { version, edited } = lenient.end();
    expect(edited).toBeNull();
    expect(Object.keys(version.files)).not.toContain(at("made.ts"));
    const again = begin([models], [at("made.ts")], true);
    write("made.ts", "export const MADE = 1;"); // the same text
    expect(again.end().edited).toBeNull();
  });

  test("during which a file came to the folder is told", () => {
    mkdirSync(at("models"));
    write("models/a.ts", "export const A = 1;");
    const load = begin([at("models")], []);
    write("models/b.ts", "export const B = 1;");
    expect(load.end().edited).toBe(`${at("models/b.ts")} is new`);
  });

  test("has the links by which its files were found", async () => {
    mkdirSync(at("lib1"));
    write("lib1/rate.ts", "export const RATE = 1;");
    symlinkSync("lib1", at("lib"));
    symlinkSync("lib1/rate.ts", at("unused.ts"));
    mkdirSync(at("other"));
    symlinkSync("other", at("latest"));
    write("linked.ts", `import { RATE } from "./lib/rate.ts"; export const R = RATE;`);
    const load = begin([at("linked.ts")], []);
    await loadModels(at("linked.ts"));
    const { version } = load.end();
    expect(version.files[at("lib")]).toBe(`leads to ${at("lib1")}`);
    expect(Object.keys(version.files)).not.toContain(at("latest"));
    expect(differenceOnDisk(version, [at("linked.ts")])).toBeNull();
    mkdirSync(at("lib2"));
    symlinkSync("lib2", at("new"));
    renameSync(at("new"), at("lib"));
    expect(differenceOnDisk(version, [at("linked.ts")])).toBe(`${at("lib")} has changed`);
    rmSync(at("linked.ts"));
    expect(differenceOnDisk(version, [at("linked.ts")])).toBe(`${at("linked.ts")} is gone`);
  });
});
