/** The README is short enough to be read to its end, in a terminal too. */
import { expect, test } from "bun:test";
import { read } from "./documents.ts";

test("the README has at most 200 lines of at most 120 characters", () => {
  const lines = read("README.md").trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(200);
  expect(lines.filter((line) => line.length > 120)).toEqual([]);
});
