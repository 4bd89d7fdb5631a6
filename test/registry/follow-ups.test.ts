/** `onFailed`: which names it takes, in models, for functions and in tq.toml. */
import { expect, test } from "bun:test";
import { Model, task } from "../../src/index.ts";
import { declareFollowUps, unknownFollowUps } from "../../src/registry/follow-ups.ts";
import { type ModelClass, modelOf } from "../../src/registry/model-class.ts";
import { checkPolicies } from "../../src/registry/policies.ts";
import { Registry } from "../../src/registry/registry.ts";
import { saidPolicies } from "../../src/registry/said-policies.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { FollowUp } from "../../src/store/failure-store.ts";
import { sentenceOf } from "../support/error.ts";
import { makeStore } from "../support/store.ts";

class Label extends Model {
  static override readonly __name__ = "label";
  static readonly tasks = { print: { onFailed: "tell" }, check: { onFailed: "none" } };
  print() {}
  check() {}
  tell() {}
}

class Box extends Model {
  static override readonly __name__ = "box";
  pack() {}
}

const make = task("make", { onFailed: "cry" }, () => 1);
const cry = task("cry", () => 1);
const lost = task("lost", { onFailed: "crry" }, () => 1);

const modelFor = (fn: object) => modelOf(fn) as ModelClass;
const rulesOf = (tasks: object) => parseSettings({ tasks }, "the test").tasks;

/** What a worker with these models and rules tells its store. */
async function declared(models: ModelClass[], tasks: object = {}): Promise<string[]> {
  await using test = makeStore();
  const registry = new Registry();
  for (const model of models) registry.add(model, "models.ts");
  let said: readonly FollowUp[] = [];
  test.store.failures.declare = async (_, followUps) => void (said = followUps);
  await declareFollowUps(test.store, registry, rulesOf(tasks));
  return said.map(
    ({ model, method, calls }) => `${model}.${method} → ${calls.model}.${calls.method}`,
  );
}

test("a method names another one of its model, a function another function", async () => {
  const models = [Label, Box, modelFor(make), modelFor(cry)];
  expect(await declared(models)).toEqual(["label.print → label.tell", "make.call → cry.call"]);
});

test("tq.toml says it for the models that have the method, and wins over a model", async () => {
  expect(await declared([Label, Box], { "*": { on_failed: "tell" } })).toEqual([
    "label.check → label.tell",
    "label.print → label.tell",
    "label.tell → label.tell",
  ]);
  expect(await declared([Label], { "label.print": { on_failed: "none" } })).toEqual([]);
  expect(await declared([Label], { "label.check": { on_failed: "tell" } })).toEqual([
    "label.check → label.tell",
    "label.print → label.tell",
  ]);
});

test("a section of tq.toml that names what a model or a function lacks leaves its own onFailed in force", async () => {
  const models = [Label, modelFor(make), modelFor(cry)];
  const own = ["label.print → label.tell", "make.call → cry.call"];
  const sections = { "label.*": { on_failed: "nothere" }, make: { on_failed: "nothere" } };
  expect(await declared(models, sections)).toEqual(own);
  expect(await declared(models, { "*": { on_failed: "tell" } })).toContain("make.call → cry.call");
  const said = saidPolicies(models, rulesOf(sections));
  expect(said["label.print"]?.onFailed).toMatchObject({ words: "tell", from: "model" });
  expect(said["make"]?.onFailed).toMatchObject({ words: "cry", from: "model" });
});

test("a method whose onFailed names a function is told that it cannot", async () => {
  class Wrong extends Model {
    static override readonly __name__ = "wrong";
    static readonly tasks = { print: { onFailed: "cry" } };
    print() {}
  }
  expect(await sentenceOf(() => checkPolicies(Wrong as unknown as ModelClass))).toEndWith(
    'the model wrong has no method "cry"; there it names a method of the same model, and no function',
  );
});

test("a name that there is not is refused in a model, and for a function once all are loaded", async () => {
  class Wrong extends Model {
    static override readonly __name__ = "wrong";
    static readonly tasks = { print: { onFailed: "tel" } };
    print() {}
    tell() {}
  }
  const wrong = await sentenceOf(() => checkPolicies(Wrong as unknown as ModelClass));
  expect(wrong).toContain(
    'wrong.tasks.print.onFailed says, wrong.tel: the model wrong has no method "tel"; did you mean "tell"?',
  );
  expect(await sentenceOf(() => declared([modelFor(lost), modelFor(cry)]))).toContain(
    'Cannot use task("lost").onFailed: there is no function "crry" here',
  );
});

test("an on_failed of tq.toml that no task can call is named in the log", () => {
  const catalog = { label: ["print", "tell"], box: ["pack"], make: null, cry: null };
  const said = (tasks: object) => unknownFollowUps(rulesOf(tasks), catalog);
  expect(said({ "label.*": { on_failed: "tell" }, make: { on_failed: "cry" } })).toEqual([]);
  expect(said({ "box.*": { on_failed: "none" } })).toEqual([]);
  expect(said({ "*": { on_failed: "tell" } })).toEqual([
    'on_failed = "tell" of [tasks."*"] is of no use for box, make, cry: there is no such method or function; it does not count there',
  ]);
});
