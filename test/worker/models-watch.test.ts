/** Looks at the files of models. */
import { beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOfContent } from "../../src/registry/model-version.ts";
import { ModelsWatch } from "../../src/worker/models-watch.ts";
import { folder, models, useModelsFolder, versionNow, write } from "./models-folder.ts";

let now = 0;

useModelsFolder();
beforeEach(() => {
  now = 0;
});

function watched(paths = [models()]): ModelsWatch {
  const watch = new ModelsWatch(paths, () => now);
  watch.take(versionNow());
  expect(lookAfter(watch, 0)).toBeNull();
  expect(lookAfter(watch, 1_000)).toBeNull();
  return watch;
}

function lookAfter(watch: { look(): string | null }, ms: number): string | null {
  now += ms;
  return watch.look();
}

describe("a watch of models", () => {
  test("tells of a change once, when nobody has written for a while", () => {
    const watch = watched();
    write("22");
    expect(lookAfter(watch, 0)).toBeNull();
    write("333");
    expect(lookAfter(watch, 150)).toBeNull();
    expect(lookAfter(watch, 150)).toBeNull();
    expect(lookAfter(watch, 50)).toBe(`${models()} has changed`);
    expect(lookAfter(watch, 5_000)).toBeNull();
  });

  test("tells of a file that is written all the time", () => {
    const watch = watched();
    const told: (string | null)[] = [];
    for (let at = 0; at <= 2_000; at += 100) {
      write(`${at}`);
      told.push(lookAfter(watch, 100));
    }
    expect(told.filter((words) => words !== null)).toEqual([`${models()} has changed`]);
  });

  test("does not tell of a file that has its text again", () => {
    const watch = watched();
    write("22");
    expect(lookAfter(watch, 0)).toBeNull();
    write("1");
    expect(lookAfter(watch, 0)).toBeNull();
    expect(lookAfter(watch, 300)).toBeNull();
  });

  test("tells of a file that is gone", () => {
    const watch = watched();
    rmSync(models());
    expect(lookAfter(watch, 0)).toBeNull();
    expect(lookAfter(watch, 300)).toBe(`${models()} is gone`);
  });

  test("tells of a file that comes to a folder below that of the models", () => {
    mkdirSync(join(folder, "sub"));
    symlinkSync("..", join(folder, "sub/up"));
    const watch = watched([folder]);
    const file = join(folder, "sub/b.ts");
    writeFileSync(file, "1");
    expect(lookAfter(watch, 0)).toBeNull();
    expect(lookAfter(watch, 300)).toBe(`${file} is new`);
  });

  test.each([
    ["that leads to its folder", ["r1", "cur"], ["cur/m.ts", "models.ts"], "r2", "cur"],
    [
      "in the middle of a chain",
      ["r1/m.ts", "middle.ts"],
      ["middle.ts", "models.ts"],
      "r2/m.ts",
      "middle.ts",
    ],
    ["to the folder of a link", ["r1", "cur"], ["cur", "models.ts"], "r2", "cur"],
  ] as const)("tells of a link %s that is made to lead elsewhere", (_, one, two, to, swapped) => {
    rmSync(models());
    for (const name of ["r1", "r2"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "m.ts"), name);
    }
    const link = ([target, name]: readonly [string, string]) =>
      symlinkSync(target, join(folder, name));
    link(one);
    link(two);
    const loaded = realpathSync(join(folder, "r1/m.ts"));
    const watch = new ModelsWatch([models()], () => now);
    watch.take({ entries: [loaded], files: { [loaded]: hashOfContent(Buffer.from("r1")) } });
    expect(lookAfter(watch, 0)).toBeNull();
    expect(lookAfter(watch, 1_000)).toBeNull();
    rmSync(join(folder, swapped));
    expect(lookAfter(watch, 0)).toBeNull();
    link([to, swapped]);
    expect(lookAfter(watch, 0)).toBeNull();
    const next = realpathSync(join(folder, "r2/m.ts"));
    expect(lookAfter(watch, 300)).toBe(`${next} has changed`);
  });
});
