/** The waits between attempts, and which forms of them are refused. */
import { describe, expect, test } from "bun:test";
import {
  backoffJson,
  backoffWords,
  DEFAULT_BACKOFF,
  readBackoff,
  waitAfter,
} from "../../src/policies/backoff.ts";
import { sentenceOf } from "../support/error.ts";

const waits = (value: unknown, random = 1): (number | null)[] => {
  const backoff = readBackoff(value, "backoff");
  return [1, 2, 3, 4].map((attempt) => waitAfter(backoff, attempt, new Error("no"), () => random));
};

describe("the longest wait", () => {
  test.each<[string, unknown, number[]]>([
    ["of exponential doubles from 10 s", "exponential", [10_000, 20_000, 40_000, 80_000]],
    ["of linear grows by 10 s", "linear", [10_000, 20_000, 30_000, 40_000]],
    ["of fixed stays", "fixed", [10_000, 10_000, 10_000, 10_000]],
    ["of one length is the same each time", "30s", [30_000, 30_000, 30_000, 30_000]],
    ["of named units is the same each time", { minutes: 1 }, [60_000, 60_000, 60_000, 60_000]],
    ["of a list repeats its last one", ["1s", "PT1M"], [1_000, 60_000, 60_000, 60_000]],
    [
      "of a rule never exceeds its longest",
      { first: "2s", factor: 3, longest: "10s" },
      [2_000, 6_000, 10_000, 10_000],
    ],
    [
      "of a rule whose first is above an hour is that one",
      { first: "2h" },
      [7_200_000, 7_200_000, 7_200_000, 7_200_000],
    ],
  ])("%s", (_, value, expected) => {
    expect(waits(value)).toEqual(expected);
  });
});

test("a wait is random between nothing and all of it, unless it is fixed or listed", () => {
  expect(waits("exponential", 0)).toEqual([0, 0, 0, 0]);
  expect(waits("linear", 0.5)).toEqual([5_000, 10_000, 15_000, 20_000]);
  expect(waits("fixed", 0)).toEqual([10_000, 10_000, 10_000, 10_000]);
  expect(waits(["1s"], 0)[0]).toBe(1_000);
  expect(waits({ jitter: 0.5 }, 0)[0]).toBe(5_000);
  expect(waits({ jitter: false }, 0)[0]).toBe(10_000);
});

test("the thousandth wait is no longer than the longest", () => {
  expect(waitAfter(DEFAULT_BACKOFF, 1_000_000, null, () => 1)).toBe(3_600_000);
});

test("a function gets the error and the attempt, and gives the wait or null", () => {
  const asked: unknown[] = [];
  const backoff = readBackoff((error: unknown, attempt: number) => {
    asked.push([error, attempt]);
    return attempt < 2 ? "5s" : null;
  }, "backoff");
  expect([waitAfter(backoff, 1, "why"), waitAfter(backoff, 2, "why")]).toEqual([5_000, null]);
  expect(asked).toEqual([
    ["why", 1],
    ["why", 2],
  ]);
});

test.each([undefined, 5, Number.NaN, "soon", "-5s"])(
  "a function that returns %p has no wait",
  (garbage) => {
    const backoff = readBackoff(() => garbage as never, "backoff");
    expect(() => waitAfter(backoff, 1, null)).toThrow("what it returned");
  },
);

test("a function that returns a promise has no wait, and the sentence says why", () => {
  const backoff = readBackoff(() => Promise.resolve("5s") as never, "backoff");
  expect(() => waitAfter(backoff, 1, null)).toThrow("it returned a promise, and must answer");
});

test.each<[unknown, string]>([
  ["exponentail", 'did you mean "exponential"?'],
  ["30", '"30" has no unit'],
  ["-30s", "is not between 0 s and 365 d"],
  [30, 'backoff: 30 has no unit; write it like "30s" or "30ms"'],
  [0, 'backoff: 0 is not a length of time; write it like "30s"'],
  [new Date(0), "backoff cannot be "],
  [async () => "5s", "backoff cannot be an async function: it must answer at once"],
  [{ type: "fixed", delay: 1000 }, "type is not a part of it; say kind"],
  [{ delay: 1000 }, "delay is not a part of it; say first"],
  [{ minuts: 5 }, 'backoff: "minuts" is not a unit; did you mean "minutes"?'],
  [{ months: 1 }, "months have no fixed length"],
  [[], "the list is empty"],
  // oxlint-disable-next-line no-sparse-arrays
  [[, "1s"], "backoff[0]: undefined is not a length of time"],
  [["1s", undefined], "backoff[1]: undefined is not a length of time"],
  [new Map([["first", "10s"]]), "backoff cannot be "],
  [["10s", "20"], 'backoff[1]: "20" has no unit'],
  [{ kind: "cubic" }, 'kind cannot be "cubic": it must be "exponential", "linear" or "fixed"'],
  [{ first: "10s", fctor: 3 }, 'fctor is not a part of it; did you mean "factor"?'],
  [{ factor: 0 }, "backoff.factor cannot be 0: it must be a number from 1 to 100"],
  [{ factor: Number.NaN }, "backoff.factor cannot be NaN"],
  [{ jitter: 2 }, "backoff.jitter cannot be 2"],
  [{ first: "2h", longest: "1h" }, "1 h is shorter than first, 2 h"],
  [{ first: "400d" }, "is not between 0 s and 365 d"],
])("the backoff %p is refused", async (value, sentence) => {
  expect(await sentenceOf(() => readBackoff(value, "backoff"))).toContain(sentence);
});

test.each<[unknown, string]>([
  ["exponential", "10 s, 2 times longer each time, up to 1 h, at random"],
  ["fixed", "10 s"],
  [["10s", "1m"], "10 s, 1 min"],
  [{ kind: "linear", jitter: 0 }, "10 s, longer by as much each time, up to 1 h"],
  [{ jitter: 0.25 }, "10 s, 2 times longer each time, up to 1 h, 25 % at random"],
  [() => null, "a function of the model"],
])("the backoff %p has words, and a JSON that reads as the same", (value, words) => {
  const backoff = readBackoff(value, "backoff");
  expect(backoffWords(backoff)).toBe(words);
  const json = backoffJson(backoff);
  if (typeof value === "function") expect(json).toBeNull();
  else expect(readBackoff(JSON.parse(JSON.stringify(json)), "backoff")).toEqual(backoff);
});
