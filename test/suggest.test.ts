import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { didYouMean, suggest } from "../src/suggest.ts";

const KEYS = ["queue_name", "queue_scheduled_at", "queue_expected_at", "queue_batch"];

describe("suggest", () => {
  test.each([
    ["queue_nmae", "queue_name"],
    ["queue_schedule_at", "queue_scheduled_at"],
    ["queueexpected_at", "queue_expected_at"],
    ["queue_bacth", "queue_batch"],
    ["QUEUE_BATCH", "queue_batch"],
  ])("finds the word meant by %p", (word, meant) => {
    expect(suggest(word, KEYS)).toBe(meant);
  });

  test("says nothing when no word is near", () => {
    expect(suggest("language", KEYS)).toBeUndefined();
    expect(suggest("a", ["b", "c"])).toBeUndefined();
    expect(suggest("", KEYS)).toBeUndefined();
    expect(suggest("queue", [])).toBeUndefined();
  });

  test("counts a swap of two letters as one step", () => {
    expect(suggest("fro", ["far", "for"])).toBe("for");
    expect(suggest("abc", ["acb"])).toBe("acb");
  });

  test("takes the first of two equally near words", () => {
    expect(suggest("minute", ["minutes", "minuteX"])).toBe("minutes");
    expect(suggest("minute", ["minuteX", "minutes"])).toBe("minuteX");
  });

  test("takes the nearest, wherever it stands", () => {
    expect(suggest("hour", ["four", "hours", "hour"])).toBe("hour");
  });

  test("takes any iterable", () => {
    expect(suggest("sales", new Map([["sale", 1]]).keys())).toBe("sale");
  });

  test("is quick with a huge word", () => {
    expect(suggest("q".repeat(5_000_000), KEYS)).toBeUndefined();
  });

  test("has no suggestion for a word of more than a hundred letters", () => {
    expect(suggest("q".repeat(100), ["q".repeat(99)])).toBe("q".repeat(99));
    expect(suggest("q".repeat(101), ["q".repeat(100)])).toBeUndefined();
  });

  test("finds a word of three or more letters again after one letter is dropped", () => {
    const word = fc.stringMatching(/^[a-z]{3,12}$/);
    fc.assert(
      fc.property(word, fc.nat(), (whole, where) => {
        const at = where % whole.length;
        expect(suggest(whole.slice(0, at) + whole.slice(at + 1), [whole])).toBe(whole);
      }),
    );
  });
});

describe("didYouMean", () => {
  test("ends a sentence with the near word", () => {
    expect(`Unknown flag "queu"${didYouMean("queu", ["queue"])}`).toBe(
      'Unknown flag "queu"; did you mean "queue"?',
    );
  });

  test("is empty when no word is near", () => {
    expect(didYouMean("zebra", ["queue"])).toBe("");
  });
});
