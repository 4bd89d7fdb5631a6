/** Wrong policies of a model: each is refused as the models load, with a sentence. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadModels } from "../../src/registry/load-models.ts";
import { errorOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";

const TQ = JSON.stringify(join(import.meta.dir, "../../src/index.ts"));

const source = (name: string, extra: string) =>
  `import { Model } from ${TQ};
   export class M extends Model { static __name__ = ${JSON.stringify(name)}; static run() {} ${extra} }`;

/** A folder with these files. */
function write(files: Record<string, string>) {
  const made = makeFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made.path, name), text);
  return made;
}

test.each([
  ["{ rum: { transaction: false } }", 'has no method "rum"; did you mean "run"?'],
  ["{ run: { transation: false } }", 'transation is not a policy; did you mean "transaction"?'],
  [
    "{ run: { retries: 3 } }",
    "retries is not a policy; say attempts, which counts the first run too: 4 for",
  ],
  ["{ run: [] }", "a.tasks.run cannot be []: it must be an object of policies"],
  ["7", "Cannot use the model a: a.tasks cannot be 7: it must be an object of policies by"],
  ["[]", "a.tasks cannot be []: it must be an object of policies by the names of methods"],
  ["new Map([['run', { attempts: 3 }]])", "a.tasks cannot be Map(1)"],
  ["new Date(0)", "a.tasks cannot be "],
  ["{ run: new Map([['attempts', 3]]) }", "a.tasks.run cannot be Map(1)"],
  ["{ run: { transaction: 0 } }", "transaction cannot be 0: it must be true or false"],
])("the policy %s is refused", async (policy, sentence) => {
  using made = write({ "a.ts": source("a", `static tasks = ${policy};`) });
  const error = await errorOf(() => loadModels(made.path));
  expect(error.message).toContain(sentence);
});

test("a wrong policy is refused with the file and the line of its class", async () => {
  const policy = "static tasks = { run: { attempts: '3' } };";
  using made = write({ "a.ts": `// a comment\n${source("a", policy)}` });
  const error = await errorOf(() => loadModels(made.path));
  expect(error.message).toContain(
    'Cannot use the model a: a.tasks.run.attempts cannot be "3": it must be a whole number',
  );
  expect(error.message).toMatch(/ \(at .*a\.ts:\d+\)$/);
  const [, line = "0"] = /:(\d+)\)$/.exec(error.message) ?? [];
  const lines = (await Bun.file(join(made.path, "a.ts")).text()).split("\n");
  expect(lines[Number(line) - 1]).toContain("class ");
});

test.each(["tasks", "cron"])(
  "%s that cannot be read are refused with the line that throws",
  async (key) => {
    const getters = [
      `static get ${key}() {\n throw new Error("no such file"); }`,
      `static ${key} = { get run() {\n throw new Error("no such file"); } };`,
    ];
    for (const getter of getters) {
      using made = write({ "a.ts": source("a", getter) });
      const error = await errorOf(() => loadModels(made.path));
      expect(error).toMatchObject({ name: "TqError", code: "models" });
      expect(error.message).toContain(
        "Cannot use the model a: what it says of its tasks cannot be read: Error: no such file (at ",
      );
      expect(error.message).toMatch(/a\.ts:3:\d+\)$/);
    }
  },
);

test.each(["new Map()", "[]", "7"])("the recurring tasks %s are refused", async (cron) => {
  using made = write({ "a.ts": source("a", `static cron = ${cron};`) });
  const error = await errorOf(() => loadModels(made.path));
  expect(error.message).toContain("it must be an object of recurring tasks");
});
