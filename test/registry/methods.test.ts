/** The methods of a model that tasks call. */
import { expect, test } from "bun:test";
import { Model } from "../../src/index.ts";
import { methodOf } from "../../src/registry/model-class.ts";

class Sale extends Model {
  static override readonly __name__ = "sale";
  static confirm() {}
  process() {}
}

test("a method that a program replaces is found as it is now", () => {
  expect(methodOf(Sale, "confirm")?.kind).toBe("static");
  const other = () => {};
  Sale.confirm = other;
  expect(methodOf(Sale, "confirm")).toEqual({ kind: "static", call: other });
  expect(methodOf(Sale, "process")?.kind).toBe("instance");
  Reflect.deleteProperty(Sale.prototype, "process");
  expect(methodOf(Sale, "process")).toBeUndefined();
});
