/** What a task says, as lines of the log's own form. */
import { expect, test } from "bun:test";
import { saidLines } from "../../src/log/said.ts";
import { NOW, restoreTimeZone } from "./support.ts";

restoreTimeZone();

const task = { id: 42, attempt: 2, model: "sale", method: "print", queue: "mail" };

function lines(text: string, format: "text" | "json" = "text", colour = false): string {
  process.env["TZ"] = "UTC";
  return saidLines({ task, level: "warn", text, time: NOW }, { format, colour });
}

test("a line has the time, the level and the task before it", () => {
  expect(lines("page 7\n")).toBe("2026-11-23 14:03:07.123+00:00 warn  task 42: page 7\n");
});

test.each([
  ["a\nb\r\nc\rd", ["a", "b", "c", "d"]],
  ["\n  a\n\n", ["", "  a"]],
  ["", [""]],
])("of %j each line has them", (text, expected) => {
  const head = "2026-11-23 14:03:07.123+00:00 warn  task 42:";
  expect(lines(text)).toBe(expected.map((line) => `${head}${line && ` ${line}`}\n`).join(""));
});

test("colours mark the level alone", () => {
  expect(lines("red", "text", true)).toEndWith(" \u001b[33mwarn \u001b[0m task 42: red\n");
});

test.each([
  ["a colour", "\u001b[31mred\u001b[0m", "\\x1b[31mred\\x1b[0m"],
  ["a bell and NUL", "ding\u0007\u0000", "ding\\x07\\x00"],
  ["C1 controls and separators of lines", "a\u0085b\u009b2J\u2028c", "a\\x85b\\x9b2J\\u2028c"],
  ["marks that turn the direction around", "a\u202eb\u2066c", "a\\u202eb\\u2066c"],
])("no text acts on the terminal: %s", (_name, text, written) => {
  expect(lines(text)).toBe(`2026-11-23 14:03:07.123+00:00 warn  task 42: ${written}\n`);
});

test("in JSON it is one object on one line, with the run", () => {
  const text = lines("a\nb\u001b[2J \ud800", "json");
  expect(text.indexOf("\n")).toBe(text.length - 1);
  expect(text).not.toContain("\u001b");
  expect(JSON.parse(text)).toEqual({
    time: "2026-11-23T14:03:07.123Z",
    level: "warn",
    event: "task.said",
    message: "a\nb\u001b[2J \ud800",
    task: 42,
    attempt: 2,
    model: "sale",
    method: "print",
    queue: "mail",
  });
});

test.each(["text", "json"] as const)("in %s a million new lines take no time", (format) => {
  const began = performance.now();
  lines(`${"\n".repeat(999_000)}x`, format);
  expect(performance.now() - began).toBeLessThan(5_000);
});
