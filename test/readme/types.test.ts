/** docs/api.md names each type that the module "tq" exports. */
import { expect, test } from "bun:test";
import { read } from "./documents.ts";

/** Those of `export type { A, B }` and of `export { a, type B }`. */
function exportedTypes(source: string): string[] {
  return [...source.matchAll(/export (type )?\{([^}]*)\}/g)].flatMap(([, all, names = ""]) =>
    names
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "" && (all !== undefined || name.startsWith("type ")))
      .map((name) => name.replace(/^type /, "")),
  );
}

test("the list of types in docs/api.md is that of the module", () => {
  const [, list = ""] = /The types are ([^.]*)\./.exec(read("docs/api.md")) ?? [];
  const named = [...list.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name);
  expect(new Set(named)).toEqual(new Set(exportedTypes(read("src/index.ts"))));
});
