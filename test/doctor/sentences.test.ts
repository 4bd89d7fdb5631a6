/** A finding as a sentence, and a sentence as a finding. */
import { expect, test } from "bun:test";
import { fromSentence, sentenceOf } from "../../src/doctor/check.ts";

test("what to do follows the last semicolon of a sentence", () => {
  const sentence = "Cannot push: the disk is full; it was so yesterday; free some space";
  const found = fromSentence(sentence, "do something");
  expect(found).toEqual({
    message: "Cannot push: the disk is full; it was so yesterday",
    advice: "free some space",
  });
  expect(sentenceOf(found)).toBe(sentence);
});

test("a sentence without advice gets one", () => {
  expect(fromSentence("It is broken", "mend it")).toEqual({
    message: "It is broken",
    advice: "mend it",
  });
});

test("advice follows a question as a sentence of its own", () => {
  expect(sentenceOf({ message: "Is it misspelt?", advice: "start another" })).toBe(
    "Is it misspelt? Start another",
  );
  expect(sentenceOf({ message: "It is so", advice: "" })).toBe("It is so");
});
