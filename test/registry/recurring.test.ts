/** The recurring tasks of models and functions: how they are read, and the sentences for those that cannot be. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { Model, ModelSQL, task } from "../../src/index.ts";
import { readCron } from "../../src/cron/definition.ts";
import { loadModels } from "../../src/registry/load-models.ts";
import { modelOf, type ModelClass } from "../../src/registry/model-class.ts";
import { recurringTasks, unknownTask } from "../../src/registry/recurring.ts";
import { sentenceOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";

/** A model with these recurring tasks. */
function modelWith(cron: unknown): ModelClass {
  return class Night extends Model {
    static override readonly __name__ = "night";
    static readonly cron = cron;
    static async run(_nights: Night[]) {}
    async check() {}
  };
}

function refusal(cron: unknown): Promise<string> {
  return sentenceOf(() => recurringTasks([modelWith(cron)]));
}

test("a recurring task of a model keeps all that it says, as tq.toml would", () => {
  const cron = {
    nightly: { schedule: "30 2 * * *", method: "run", timeZone: "Europe/Berlin", catchUp: 3 },
    each: { schedule: "@daily", method: "check", instances: [7] },
  };
  expect(recurringTasks([modelWith(cron)])).toEqual([
    {
      name: "nightly",
      definition:
        '{"catch_up":3,"schedule":"30 2 * * *","task":"night.run","time_zone":"Europe/Berlin"}',
    },
    { name: "each", definition: '{"instances":[7],"schedule":"@daily","task":"night.check"}' },
  ]);
});

test("one of a function calls it by its name", () => {
  const fn = task("thumbs", { cron: { hourly: { schedule: "@hourly" } } }, async () => {});
  const model = modelOf(fn);
  expect(model && recurringTasks([model])).toEqual([
    { name: "hourly", definition: '{"schedule":"@hourly","task":"thumbs"}' },
  ]);
});

describe("what is wrong with a recurring task of a model is said with its place:", () => {
  const right = { schedule: "@daily", method: "run" };
  test.each([
    ["a list", [right], "night.cron cannot be "],
    ["a text for one", { a: "@daily" }, 'night.cron.a cannot be "@daily": give it a schedule'],
    [
      "no method",
      { a: { schedule: "@daily" } },
      "night.cron.a.method is missing: it must be one of check, run",
    ],
    [
      "a misspelt method",
      { a: { ...right, method: "runn" } },
      'night.cron.a.method cannot be "runn": the model night has no such method; did you mean "run"?',
    ],
    [
      "a method of records without them",
      { a: { ...right, method: "check" } },
      "night.cron.a.instances is missing: check is called on records; say their ids",
    ],
    ["a task", { a: { ...right, task: "x" } }, "night.cron.a has a task: say its method instead"],
    [
      "a key of tq.toml",
      { a: { ...right, time_zone: "UTC" } },
      'night.cron.a: time_zone is not a key of a recurring task; did you mean "timeZone"?',
    ],
    [
      "a wrong unit",
      { a: { ...right, grace: "5 y" } },
      'night.cron.a.grace: "5 y" is not a length of time',
    ],
    [
      "a function",
      { a: { ...right, backoff: () => "1s" } },
      "night.cron.a.backoff cannot be a function here",
    ],
    ["a name of tq", { "tq.a": right }, "night.cron.tq.a: names that begin with tq."],
    ["a name with a space", { "a b": right }, '"a b" cannot name a recurring task'],
    ["NaN", { a: { ...right, args: [Number.NaN] } }, "night.cron.a.args[0]: NaN is not JSON"],
  ])("%s", async (_, cron, words) => {
    expect(await refusal(cron)).toContain(words);
  });

  test("several problems at once", async () => {
    const sentence = await refusal({ a: { ...right, queue: 5, user: "x" } });
    expect(sentence.split("\n")).toHaveLength(2);
  });
});

test("a static method that is called cron is a method", () => {
  class Night extends Model {
    static override readonly __name__ = "night";
    static async cron(_nights: Night[]) {}
  }
  expect(recurringTasks([Night])).toEqual([]);
});

test("a class on a model has its recurring tasks under the same name, and not under another", () => {
  class Night extends ModelSQL("night", {}) {
    static readonly cron = { nightly: { schedule: "@daily", method: "run" } };
    static async run(_nights: Night[]) {}
  }
  class Longer extends Night {}
  class Other extends Night {
    static override readonly __name__ = "other";
  }
  expect(recurringTasks([Longer])).toHaveLength(1);
  expect(recurringTasks([Night, Other])).toHaveLength(1);
});

test("a file with a wrong one is not loaded, and the sentence names the file", async () => {
  using folder = makeFolder();
  const file = folder.file("models.ts");
  writeFileSync(
    file,
    `import { Model } from "${import.meta.dir}/../../src/index.ts";
    export class Night extends Model {
      static __name__ = "night";
      static cron = { nightly: { schedule: "@dayly", method: "run" } };
      static async run() {}
    }`,
  );
  const sentence = await sentenceOf(() => loadModels(file));
  expect(sentence).toStartWith('night.cron.nightly.schedule: "@dayly" is not a schedule');
  expect(sentence).toEndWith(`(at ${file}:2)`);
});

test("two models with one name for a recurring task are not loaded", async () => {
  using folder = makeFolder();
  for (const name of ["night", "day"]) {
    writeFileSync(
      folder.file(`${name}.ts`),
      `import { Model } from "${import.meta.dir}/../../src/index.ts";
      export class One extends Model {
        static __name__ = "${name}";
        static cron = { nightly: { schedule: "@daily", method: "run" } };
        static async run() {}
      }`,
    );
  }
  expect(await sentenceOf(() => loadModels(folder.path))).toBe(
    `Cannot load models from ${folder.path}: day.cron.nightly and night.cron.nightly have one name; rename one of them`,
  );
});

test("a function with a dot in its name cannot have one: its task would be taken for a method", async () => {
  const make = () => task("shop.thumbs", { cron: { a: { schedule: "@daily" } } }, async () => {});
  expect(await sentenceOf(make)).toContain("give the function a name without a dot");
});

test.each([
  ["night.run", null],
  ["thumbs", null],
  ["night.runn", 'there is no night.runn in the models; did you mean "night.run"?'],
  ["zzz", "there is no zzz in the models; its tasks fail unless another worker has it"],
])("of the task %s the models say: %p", (name, words) => {
  const definition = readCron("a", { schedule: "@daily", task: name }, "a");
  expect(unknownTask(definition, { night: ["run"], thumbs: null })).toBe(words);
});
