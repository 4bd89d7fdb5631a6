/** New models that lack what a worker has. */
import { expect, test } from "bun:test";
import { lackedCall, requireModels } from "../../src/worker/lacking-models.ts";
import { LetGo } from "../../src/worker/let-go.ts";

const BEFORE = { job: ["run", "stop"], late: null };

test("a model, a function and a method that are gone are lacked", () => {
  expect(lackedCall(BEFORE, { late: null })).toBe("job.run");
  expect(lackedCall(BEFORE, { job: ["run", "stop"] })).toBe("late");
  expect(lackedCall(BEFORE, { job: ["run"], late: null })).toBe("job.stop");
});

test("nothing is lacked where all calls are there, or where others are new, as after a renaming", () => {
  expect(lackedCall(BEFORE, BEFORE)).toBeNull();
  expect(lackedCall(BEFORE, { ...BEFORE, other: null })).toBeNull();
  expect(lackedCall(BEFORE, { job: ["run", "stop"], later: null })).toBeNull();
});

test("models without any model or function are refused", () => {
  expect(() => requireModels({}, ["a", "b"])).toThrow(
    "Cannot load models from a, b: there is no model in it",
  );
  requireModels({ late: null }, ["a"]);
});

test("a call that stays lacking for a minute is let go, and what was away meanwhile begins anew", () => {
  let now = 0;
  const letGo = new LetGo(() => now);
  expect(letGo.keep).toBeNull();
  letGo.taken(BEFORE);
  expect(letGo.lacking("late")?.message).toContain("stayed so for 1 min");
  now = 59_000;
  expect(letGo.keep).toEqual(BEFORE);
  expect(letGo.lacking("late")).not.toBeNull();
  now = 60_000;
  expect(letGo.keep).toBeNull();
  letGo.taken(BEFORE);
  now = 70_000;
  expect(letGo.lacking("late")).not.toBeNull();
  now = 129_000;
  expect(letGo.keep).toEqual(BEFORE);
});

test("a refusal of models that somebody has asked for ends what was asked", () => {
  const letGo = new LetGo(() => 0);
  letGo.taken(BEFORE);
  letGo.ask();
  expect(letGo.keep).toBeNull();
  letGo.refused();
  expect(letGo.keep).toEqual(BEFORE);
});
