/** The log in the journal of systemd. */
import { expect, test } from "bun:test";
import { fstatSync } from "node:fs";
import { goesToJournal } from "../../src/log/journal.ts";
import { saidLines } from "../../src/log/said.ts";
import { FAILED, FINISHED, note, NOW, open, restoreTimeZone } from "./support.ts";

restoreTimeZone();

test("each line begins with how urgent it is", () => {
  const { log, writes } = open({ journal: true });
  for (const event of [note("a"), FINISHED, FAILED]) log(event);
  log({ name: "log.note", level: "warn", message: "b" });
  log.flush();
  const marks = writes.join("").trimEnd().split("\n");
  expect(marks.map((line) => line.slice(0, 5))).toEqual(["<6>20", "<6>20", "<3>20", "<4>20"]);
});

test("each line of a stack has the mark of its error", () => {
  const { log, writes } = open({ journal: true, level: "debug" });
  log(FAILED);
  log.flush();
  expect(writes.join("")).toContain("\n<3>    at sale.ts:7\n");
});

test("a line of JSON stands behind its mark", () => {
  const { log, writes } = open({ journal: true, format: "json" });
  log(FAILED);
  log.flush();
  expect(writes.join("")).toStartWith('<3>{"time":');
});

test("what a task says has the mark of its level on each line", () => {
  process.env["TZ"] = "UTC";
  const task = { id: 42, attempt: 1, model: "sale", method: "print", queue: "mail" };
  const form = { format: "text", colour: false, journal: true } as const;
  const head = "<4>2026-11-23 14:03:07.123+00:00 warn  task 42:";
  expect(saidLines({ task, level: "warn", text: "a\nb\n", time: NOW }, form)).toBe(
    `${head} a\n${head} b\n`,
  );
});

test("standard error is the journal where JOURNAL_STREAM names it", () => {
  const { dev, ino } = fstatSync(2);
  expect(goesToJournal(2, { JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
  expect(goesToJournal(2, { JOURNAL_STREAM: `${dev}:${ino + 1}` })).toBe(false);
  expect(goesToJournal(2, {})).toBe(false);
});
