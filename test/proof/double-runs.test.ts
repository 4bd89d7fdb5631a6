/** The proof must see a task that ran twice at once. */
import { expect, test } from "bun:test";
import { findDoubleRuns, type Note } from "./double-runs.ts";

const END = { way: "none", refused: false };

function note(key: number, run: number, at: number, end: Note["end"] = null): Note {
  return { key, run, at, end };
}

test("a task whose second run begins before the first one has ended ran twice at once", () => {
  const first = [note(1, 10, 100), note(1, 10, 300, END)];
  expect(findDoubleRuns([...first, note(1, 11, 200)])).toEqual([1]);
  expect(findDoubleRuns([...first, note(1, 11, 200), note(1, 11, 400, END)])).toEqual([1]);
});

test("a task that runs again after its first run has ended or was cut off did not", () => {
  const again = [note(1, 11, 200), note(1, 11, 400, END)];
  expect(findDoubleRuns([note(1, 10, 100), note(1, 10, 150, END), ...again])).toEqual([]);
  expect(findDoubleRuns([note(1, 10, 100), ...again])).toEqual([]);
  expect(findDoubleRuns([note(2, 10, 100), note(2, 10, 300, END), ...again])).toEqual([]);
});
