/** A folder of models with links in it, and pipes. */
import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadModels } from "../../src/registry/load-models.ts";
import { type Folder, makeFolder } from "../support/folder.ts";
import { errorOf, sentenceOf } from "../support/error.ts";

function write(folder: Folder, name: string): void {
  const path = folder.file(`${name}.ts`);
  mkdirSync(dirname(path), { recursive: true });
  const model = JSON.stringify(`${import.meta.dir}/../../src/index.ts`);
  writeFileSync(
    path,
    `import { Model } from ${model};
    export class A extends Model { static override readonly __name__ = "${name.replaceAll("/", ".")}"; }`,
  );
}

async function namesIn(path: string): Promise<string[]> {
  const registry = await loadModels(path);
  return registry.all().map(({ __name__ }) => __name__);
}

test("a linked folder is loaded as any other", async () => {
  using folder = makeFolder();
  write(folder, "models/own");
  write(folder, "shared/deep/common");
  symlinkSync("../shared", folder.file("models/linked"));
  expect(await namesIn(folder.file("models"))).toEqual(["shared.deep.common", "models.own"]);
});

test("a linked file is loaded once, under whichever names", async () => {
  using folder = makeFolder();
  write(folder, "models/own");
  symlinkSync("own.ts", folder.file("models/again.ts"));
  symlinkSync(".", folder.file("models/here"));
  expect(await namesIn(folder.file("models"))).toEqual(["models.own"]);
});

test("links in a circle end, and a link upwards is not followed", async () => {
  using folder = makeFolder();
  write(folder, "models/own");
  write(folder, "program");
  write(folder, "other/more");
  symlinkSync("..", folder.file("models/up"));
  symlinkSync("../other", folder.file("models/other"));
  symlinkSync("../models", folder.file("other/back"));
  expect(await namesIn(folder.file("models"))).toEqual(["other.more", "models.own"]);
});

test("a link to nothing is refused by its name", async () => {
  using folder = makeFolder();
  write(folder, "models/own");
  symlinkSync("../gone", folder.file("models/linked"));
  expect(await sentenceOf(() => loadModels(folder.file("models")))).toBe(
    `Cannot load models from ${folder.file("models")}: ${folder.file("models/linked")}, a link, does not exist; write the file, or name another with --models`,
  );
});

test.skipIf(process.platform === "win32")("a pipe is refused, and not waited for", async () => {
  using folder = makeFolder();
  const path = folder.file("models.ts");
  Bun.spawnSync(["mkfifo", path]);
  const why = "write the file, or name another with --models";
  expect((await errorOf(loadModels(path))).message).toBe(
    `Cannot load models from ${path}: it is not a regular file; ${why}`,
  );
  expect((await errorOf(loadModels(folder.path))).message).toBe(
    `Cannot load models from ${folder.path}: ${path} is not a regular file; ${why}`,
  );
});
