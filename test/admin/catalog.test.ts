import { expect, test } from "bun:test";
import { type ModelCatalog, checkCall } from "../../src/catalog.ts";
import { CATALOG } from "./support.ts";

function refusal(catalog: ModelCatalog | null, model: string, method: string): string | undefined {
  try {
    checkCall(catalog, model, method);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ name: "TqError", code: "not_found" });
    return error instanceof Error ? error.message : "";
  }
}

test("takes the methods of a model", () => {
  expect(refusal(CATALOG, "sale", "process")).toBeUndefined();
  expect(refusal(CATALOG, "ir.mail", "send")).toBeUndefined();
});

test("refuses what is not there, with the near name", () => {
  expect(refusal(CATALOG, "sale", "proces")).toBe(
    'Cannot push sale.proces: the model sale has no method "proces"; did you mean "process"?',
  );
  expect(refusal(CATALOG, "sales", "process")).toBe(
    'Cannot push sales.process: there is no model "sales"; did you mean "sale"?',
  );
  expect(refusal(CATALOG, "vide", "process")).toBe(
    'Cannot push vide.process: the model vide has no method "process"',
  );
});

test.each(["constructor", "__proto__", "toString", "hasOwnProperty"])(
  "refuses what every object has: %s",
  (name) => {
    expect(refusal(CATALOG, "sale", name)).toContain("has no method");
    expect(refusal(CATALOG, name, "process")).toContain("there is no model");
    expect(refusal(CATALOG, name, name)).toContain("there is no model");
  },
);

test("says how to make models known when there are none", () => {
  expect(refusal(null, "sale", "process")).toBe(
    "Cannot push sale.process: no models are known here; start with --models FILE, or put models.ts into the current folder",
  );
});
