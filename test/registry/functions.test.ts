/** Functions of models files: they are found beside models, and their names are unique among both. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkCall } from "../../src/catalog.ts";
import { task } from "../../src/index.ts";
import { loadModels } from "../../src/registry/load-models.ts";
import { type ModelClass, modelOf } from "../../src/registry/model-class.ts";
import { Policies, unknownRules } from "../../src/registry/policies.ts";
import { Registry } from "../../src/registry/registry.ts";
import { makeRuntime } from "../model/support.ts";
import { sentenceOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";

const SOURCE = join(import.meta.dir, "../../src/index.ts");
const TQ = JSON.stringify(SOURCE);
const MODEL = `export class Party extends Model { static __name__ = "party"; static run() {} }`;

const copy = makeFolder();

beforeAll(async () => {
  const built = await Bun.build({
    entrypoints: [SOURCE],
    outdir: copy.path,
    target: "bun",
    minify: true,
  });
  expect(built.success).toBe(true);
});

afterAll(() => copy[Symbol.dispose]());

/** A models file with this text, in a folder of its own. */
function write(text: string) {
  const { path, [Symbol.dispose]: dispose } = makeFolder();
  const file = join(path, "models.ts");
  writeFileSync(file, `import { Model, task } from ${TQ};\n${text}`);
  return { file, [Symbol.dispose]: dispose };
}

const modelFor = (fn: object) => modelOf(fn) as ModelClass;

test("a file gives its functions beside its models, each once", async () => {
  using made = write(
    `${MODEL}
     export const thumbnail = task("thumbnail", (path: string) => path);
     export default thumbnail;
     export const plain = () => 1;
     const hidden = task("hidden", () => 1);`,
  );
  const registry = await loadModels(made.file);
  expect(registry.catalog()).toEqual({ party: ["run"], thumbnail: null } as never);
});

test("a function that its file does not export is named with its line, where a task or a push asks for it", async () => {
  using made = write(`${MODEL}\nconst lone = task("lone", () => 1);`);
  const registry = await loadModels(made.file);
  const words = `: there is no function "lone"`;
  const hint = `; ${made.file}:3:14 makes a function "lone": export it there, or from a models file`;
  expect(await sentenceOf(() => registry.require("lone", "run task 7", "function"))).toBe(
    `Cannot run task 7${words} here${hint}`,
  );
  expect(await sentenceOf(() => checkCall(registry.catalog(), "lone", null))).toBe(
    `Cannot push lone${words}${hint}`,
  );
  expect(await sentenceOf(() => checkCall(registry.catalog(), "alone", null))).not.toContain(hint);
});

test.each([
  [
    `export const a = task("same", () => 1), b = task("same", () => 2);`,
    "two functions have the name",
  ],
  [`${MODEL} export const party = task("party", () => 1);`, "a class and a function have the name"],
])("a name that is taken is an error: %s", async (text, words) => {
  using made = write(text);
  const sentence = await sentenceOf(() => loadModels(made.file));
  expect(sentence).toContain(`Cannot load models: ${words} `);
  expect(sentence).toEndWith(`, both in ${made.file}; rename one of them`);
});

test("a section of tq.toml names a function alone, or as it stands in the database", () => {
  const patterns = ["thumbnail", "thumb*", "thumbnail.call", "thumbnail.*"];
  const rules = patterns.map((pattern) => ({ pattern, said: { attempts: 7 } }));
  expect(unknownRules(rules, { party: ["run"], thumbnail: null })).toEqual([]);
  const model = modelFor(task("thumbnail", () => 1));
  for (const rule of rules) expect(new Policies([rule]).of(model, "call", null).attempts).toBe(7);
});

test("a section for the deliveries of webhooks is no useless one", () => {
  expect(unknownRules([{ pattern: "tq.webhook", said: { attempts: 3 } }], {})).toEqual([]);
});

test.each([
  ["partie.run", "party.run"],
  ["party", "party.*"],
  ["thumbnial.call", "thumbnail.call"],
])("a section of tq.toml for %s, which there is not, is said with the near name", (name, near) => {
  const rules = [{ pattern: name, said: {} }];
  expect(unknownRules(rules, { party: ["run"], thumbnail: null })).toEqual([
    `[tasks."${name}"] of tq.toml is of no use: no method has that name; did you mean "${near}"?`,
  ]);
});

test("a push keeps the function that a file has, as that of a program loaded again is another one", () => {
  const registry = new Registry();
  const [one, again] = [modelFor(task("same", () => 1)), modelFor(task("same", () => 2))];
  registry.add(one, "/models.ts");
  registry.add(again, null);
  expect(registry.get("same")).toBe(one);
});

test("a program without a worker runs the function that it pushed last under a name", () => {
  const registry = new Registry();
  const [one, again] = [modelFor(task("same", () => 1)), modelFor(task("same", () => 2))];
  registry.add(one, null, true);
  registry.add(again, null, true);
  expect(registry.get("same")).toBe(again);
});

test.each([true, false])(
  "a function of another copy of tq is loaded, pushed and run here, with a worker: %p",
  async (worker) => {
    await using tq = makeRuntime({ worker });
    const path = join(copy.path, "models.ts");
    await Bun.write(
      path,
      `import { currentTask, task, Transaction } from "./index.js";
       export const far = task("far", { attempts: 2 }, (n) => [n, Transaction.current.user, currentTask().id]);`,
    );
    tq.registry.addAll(await loadModels(path));
    expect(tq.registry.catalog()).toEqual({ far: null } as never);
    const { far } = (await import(path)) as { far: { push(n: number): Promise<number> } };
    await far.push(7);
    if (worker) await tq.runAll();
    expect(await tq.tasks()).toMatchObject([{ state: "finished", result: [7, 0, 1] }]);
  },
);
