/** The part of the changelog on the version to come. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { SCHEMA_VERSION } from "../../src/open-store.ts";

test("the changelog names the schema that this version has", () => {
  const text = readFileSync(new URL("../../CHANGELOG.md", import.meta.url), "utf8");
  const [said] = text.match(/(?<=The schema of the database is version )\d+/) ?? [];
  expect(Number(said)).toBe(SCHEMA_VERSION);
});
