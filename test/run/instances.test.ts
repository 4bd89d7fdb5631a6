/** Methods whose model says whether they take one record or a list, however they were pushed. */
import { expect, test } from "bun:test";
import { Model, push } from "../../src/index.ts";
import { makeRuntime } from "../model/support.ts";

class Shape extends Model {
  static override readonly __name__ = "shape";
  static readonly tasks = { many: { instances: "many" }, one: { instances: "one" } };
  static async many(shapes: unknown) {
    return Array.isArray(shapes) && shapes.length;
  }
  static async one(shape: unknown) {
    if (Array.isArray(shape)) throw new Error("a list");
    seen.push((shape as Shape).id);
    return (shape as Shape).id;
  }
}

let seen: number[] = [];

test("a method of many gets a list of one record where one id was pushed, and its result is kept", async () => {
  await using tq = makeRuntime();
  tq.registry.add(Shape, null);
  const [id = 0] = await push({ model: "shape", method: "many", instances: 7 });
  expect(await tq.runTask(id)).toMatchObject({
    state: "finished",
    result: 1,
    instances: 7,
  });
  const [list = 0] = await push({ model: "shape", method: "many", instances: [7, 8] });
  expect(await tq.runTask(list)).toMatchObject({ state: "finished", result: 2 });
});

test("a method of one record is called with each of a list, in turn", async () => {
  await using tq = makeRuntime();
  tq.registry.add(Shape, null);
  seen = [];
  const [list = 0] = await push({ model: "shape", method: "one", instances: [7, 8, 7] });
  expect(await tq.runTask(list)).toMatchObject({ state: "finished", result: null });
  expect(seen).toEqual([7, 8, 7]);
  const [id = 0] = await push({ model: "shape", method: "one", instances: 9 });
  expect(await tq.runTask(id)).toMatchObject({ state: "finished", result: 9 });
});
