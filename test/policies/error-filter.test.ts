/** Which errors `retryOn` and `failOn` mean. */
import { expect, test } from "bun:test";
import { isMeant, readFilter } from "../../src/policies/error-filter.ts";
import { sentenceOf } from "../support/error.ts";

class PrinterError extends Error {}
class JamError extends PrinterError {}

const meant = (filter: unknown, error: unknown) =>
  isMeant(readFilter(filter, "retryOn", "a list"), error);

test.each<[string, unknown, unknown, boolean]>([
  ["a class means its errors", [PrinterError], new PrinterError("no"), true],
  ["a class means the errors of its subclasses", [PrinterError], new JamError("no"), true],
  ["a class means no others", [JamError], new PrinterError("no"), false],
  ["a single class is as good as a list", PrinterError, new JamError("no"), true],
  ["Error means all errors", [Error], new TypeError("no"), true],
  ["a name means the class", ["JamError"], new JamError("no"), true],
  ["a name means the classes that extend it", ["PrinterError"], new JamError("no"), true],
  [
    "a name means the error's own name",
    ["TimeoutError"],
    AbortSignal.abort(new DOMException("late", "TimeoutError")).reason,
    true,
  ],
  [
    "a name means a code",
    ["ECONNRESET"],
    Object.assign(new Error("no"), { code: "ECONNRESET" }),
    true,
  ],
  ["a name means no text that was thrown", ["no"], "no", false],
  ["a function says which", (error: unknown) => error === "no", "no", true],
  ["a function that answers nothing says no", () => undefined, "no", false],
  ["a single name is as good as a list", "PrinterError", new JamError("no"), true],
])("%s", (_, filter, error, expected) => {
  expect(meant(filter, error)).toBe(expected);
});

test.each<[unknown, string]>([
  [[], "retryOn cannot be []: it must be a list"],
  [5, "retryOn cannot be 5: it must be a list"],
  [[""], 'retryOn[0] cannot be "": it must be the name or the class of an error'],
  [[Error, 7], "retryOn[1] cannot be 7: it must be the name or the class of an error"],
  [class Other {}, "retryOn cannot be [class Other]: it must be a list; it extends no Error"],
  [async () => true, "retryOn cannot be an async function: it must answer at once"],
  [function* () {}, "retryOn cannot be a generator: it must answer at once"],
])("the filter %p is refused", async (filter, sentence) => {
  expect(await sentenceOf(() => readFilter(filter, "retryOn", "a list"))).toBe(sentence);
});

test.each<[unknown, string]>([
  ["yes", 'it returned "yes", which is neither true nor false'],
  [1, "it returned 1, which is neither true nor false"],
  [Promise.resolve(true), "it returned a promise, and must answer at once"],
])("a filter that answers %p is a mistake of the policy", (answer, sentence) => {
  expect(() => meant(() => answer, new Error("no"))).toThrow(sentence);
});

test("a promise that a filter returns may reject, and is no crash", async () => {
  const rejected: unknown[] = [];
  const note = (reason: unknown) => rejected.push(reason);
  process.on("unhandledRejection", note);
  try {
    expect(() => meant(() => Promise.reject(new Error("lost")), "no")).toThrow("a promise");
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off("unhandledRejection", note);
  }
  expect(rejected).toEqual([]);
});
