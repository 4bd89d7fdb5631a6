/** Stacks of errors: the user's lines stay, those of tq around them go. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { placeOf, userStack } from "../src/stack.ts";

const SRC = join(import.meta.dir, "../src");

const STACK = [
  "Error: no",
  "  at once (said the message)",
  `    at check (${SRC}/model/clauses.ts:10:3)`,
  "    at deep (/home/shop/node_modules/mail/send.ts:4:22)",
  "    at map (native:1:11)",
  "    at async <anonymous> (/home/shop/src/models.ts:7:58)",
  `    at callMethod (${SRC}/run/run.ts:163:58)`,
  "    at drainMicrotasks (unknown)",
  `    at begin (${SRC}/run/attempt.ts:74:3)`,
].join("\n");

test("a stack ends with the user's last line", () => {
  expect(userStack(STACK, false)).toBe(STACK.split("\n").slice(0, 6).join("\n"));
});

test("the stack of a refusal has the message and the user's lines alone", () => {
  const lines = STACK.split("\n");
  expect(userStack(STACK, true)).toBe([lines[0], lines[1], lines[3], lines[5]].join("\n"));
});

test("a stack without a line of the user's stays whole", () => {
  const own = `Error: no\n    at check (${SRC}/model/clauses.ts:10:3)`;
  expect(userStack(own, true)).toBe(own);
  expect(userStack("no stack at all", true)).toBe("no stack at all");
});

test("the place of an error is the user's own line before one of a package", () => {
  expect(placeOf(STACK)).toBe("/home/shop/src/models.ts:7:58");
  expect(placeOf("Error: no\n    at C:\\shop\\models.ts:1:2")).toBe("C:\\shop\\models.ts:1:2");
  expect(placeOf("Error: no\n    at /home/shop/node_modules/a/b.js:1:2")).toBe(
    "/home/shop/node_modules/a/b.js:1:2",
  );
  expect(placeOf(`Error: no\n    at check (${SRC}/model/clauses.ts:10:3)`)).toBeNull();
  expect(placeOf(null)).toBeNull();
  const named = "Error: no\n    at add (tq:src/run/run.ts:1:2)\n    at /home/shop/models.ts:3:4";
  expect(placeOf(named)).toBe("/home/shop/models.ts:3:4");
  expect(userStack(named, false)).toBe(named);
});
