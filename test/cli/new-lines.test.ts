/** The lines that a follower tells: each once and in order, with a mark in the place of those that are gone. */
import { expect, test } from "bun:test";
import { type NewLine, NewLines } from "../../cli/command/new-lines.ts";
import type { RunOutput } from "../../src/store/task-output.ts";

/** A run that has said "1", "2" and so on, of which these are kept: each line has its own length. */
function said(first: number, last: number, attempt = 1): RunOutput {
  const text = (index: number) => `${index}${"é".repeat(index % 7)}`;
  const line = (index: number) => ({ at: 1, level: "info", text: text(index) }) as const;
  const lines = Array.from({ length: last - first + 1 }, (_, index) => line(first + index));
  const bytes = Array.from({ length: first - 1 }, (_, index) => text(index + 1))
    .map((one) => Buffer.byteLength(one) + 1)
    .reduce((sum, size) => sum + size, 0);
  return { attempt, lines, progress: null, cut: { lines: first - 1, bytes } };
}

function short(one: NewLine): string {
  if (one.event === "line") return String(Number.parseInt(one.line.text, 10));
  if (one.event === "unread") return one.reason;
  return `[${one.skipped.lines} ${one.skipped.bytes}]`;
}

const told = (lines: NewLines, ...runs: RunOutput[]) =>
  runs.map((run) => lines.of(run).map(short).join(" "));

test("lines that are kept are told once, whatever was cut before them", () => {
  expect(told(new NewLines(), said(1, 2), said(1, 2), said(2, 4), said(5, 5), said(5, 5))).toEqual([
    "1 2",
    "",
    "3 4",
    "5",
    "",
  ]);
});

test("lines that were cut since the last look have one mark, in their place", () => {
  // 3 to 5 have the texts 3ééé, 4éééé and 5ééééé.
  expect(told(new NewLines(), said(1, 2), said(6, 7), said(7, 8), said(10, 10))).toEqual([
    "1 2",
    `[3 ${8 + 10 + 12}] 6 7`,
    "8",
    `[1 ${1 + 2 * 2 + 1}] 10`,
  ]);
});

test("a follower that comes late is told how much was cut before", () => {
  expect(told(new NewLines(), said(3, 4))).toEqual([`[2 ${4 + 6}] 3 4`]);
});

test("a look that shows less than the one before is nothing new", () => {
  const none: RunOutput = { ...said(1, 1), lines: [] };
  expect(told(new NewLines(), said(1, 3), none, said(1, 2), said(4, 4))).toEqual([
    "1 2 3",
    "",
    "",
    "4",
  ]);
});

test("each run is counted by itself, and runs before the first one are left out", () => {
  const lines = new NewLines(2);
  expect(told(lines, said(1, 2), said(1, 2, 2), said(2, 2, 3), said(1, 3, 2))).toEqual([
    "",
    "1 2",
    "[1 4] 2",
    "",
  ]);
});

test("identical lines of the same time are as many as were said", () => {
  const same = (count: number): RunOutput => ({
    ...said(1, 1),
    lines: Array.from({ length: count }, () => ({ at: 1, level: "info", text: "1" })),
  });
  expect(told(new NewLines(), same(2), same(5))).toEqual(["1 1", "1 1 1"]);
});

test("that a run cannot be read is told once", () => {
  const unread: RunOutput = { ...said(1, 0), unread: "EACCES" };
  expect(told(new NewLines(), unread, unread, said(1, 1))).toEqual(["EACCES", "", "1"]);
});
