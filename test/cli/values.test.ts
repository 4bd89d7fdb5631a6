import { describe, expect, test } from "bun:test";
import {
  readArray,
  readId,
  readInstances,
  readNames,
  readObject,
  readWhole,
  readWords,
} from "../../cli/command/values.ts";
import { TASK_STATES } from "../../src/task.ts";
import { refusal } from "../support/refusal.ts";

describe("readWhole", () => {
  test("reads a number as it is written", () => {
    expect(readWhole("0", "--n", 0)).toBe(0);
    expect(readWhole("-3", "--priority", -10)).toBe(-3);
    expect(Object.is(readWhole("-0", "--n", 0), 0)).toBe(true);
    expect(readId("9007199254740991")).toBe(9_007_199_254_740_991);
  });

  test.each(["", " 7", "7 ", "+7", "1e3", "0x10", "7.0", "7n", "seven", "NaN", "Infinity", "١"])(
    "refuses %j",
    (text) => {
      expect(refusal(() => readWhole(text, "--n", 0))).toBe(
        `--n cannot be ${JSON.stringify(text)}: it must be a whole number from 0`,
      );
    },
  );

  test("refuses what is too small, too large, or too large to be exact", () => {
    expect(refusal(() => readId("0"))).toBe('ID cannot be "0": it must be a whole number from 1');
    expect(refusal(() => readId("9007199254740993"))).toContain("9007199254740993");
    expect(refusal(() => readWhole("8", "--days", 0, 7))).toBe(
      '--days cannot be "8": it must be a whole number from 0 to 7',
    );
  });
});

describe("words between commas", () => {
  test("are read one by one", () => {
    expect(readWords("ready, failed", "--state", TASK_STATES)).toEqual(["ready", "failed"]);
    expect(readNames("mail,pdf*", "--queue")).toEqual(["mail", "pdf*"]);
  });

  test("are refused with the near one", () => {
    expect(refusal(() => readWords("redy", "--state", TASK_STATES))).toBe(
      '--state cannot be "redy": it must be one of scheduled, ready, running, finished, failed, cancelled; did you mean "ready"?',
    );
  });

  test.each([",", "mail,", ",mail", " ", "a,,b"])(
    "of which one is empty are refused: %j",
    (text) => {
      expect(refusal(() => readNames(text, "--queue"))).toBe(
        `--queue cannot be ${JSON.stringify(text)}: it must be names separated by commas`,
      );
    },
  );
});

describe("JSON", () => {
  test("must be of the right kind", () => {
    expect(readArray("[1]", "--args")).toEqual([1]);
    expect(readObject('{"a":1}', "--context")).toEqual({ a: 1 });
    expect(refusal(() => readArray("{}", "--args"))).toBe(
      "--args cannot be an object: it must be a JSON array, such as '[42, \"now\"]'",
    );
    expect(refusal(() => readObject("[]", "--context"))).toContain("it must be a JSON object");
    expect(refusal(() => readObject("null", "--context"))).toContain("it must be a JSON object");
  });

  test("that is none says why", () => {
    expect(refusal(() => readArray("[1", "--args"))).toStartWith(
      '--args cannot be text of 2 characters: it is not JSON: at character 3: expected "," or "]"',
    );
  });
});

describe("instances", () => {
  test.each<[string, number | number[]]>([
    ["7", 7],
    [" 7\n", 7],
    ["1,2,3", [1, 2, 3]],
    ["3, 3,1", [3, 3, 1]],
    ["[7]", [7]],
    ["[]", []],
    ["[1, 2]\n", [1, 2]],
  ])("are read from %j", (text, ids) => {
    expect(readInstances(text, "INSTANCES")).toEqual(ids);
  });

  test.each([
    ["", "text of 0 characters: it must be an id, ids like 1,2,3, or a JSON array of ids"],
    ["x", "text of 1 character: it must be an id, ids like 1,2,3, or a JSON array of ids"],
    ["{}", "text of 2 characters: it must be an id, ids like 1,2,3, or a JSON array of ids"],
  ])("are refused, and not quoted: %j", (text, why) => {
    expect(refusal(() => readInstances(text, "INSTANCES"))).toBe(`INSTANCES cannot be ${why}`);
  });

  test.each([
    ["[1.5]", "a number"],
    ['["1"]', "text of 1 character"],
    ["[[1]]", "a list"],
    ["[1,null]", "null"],
  ])("are refused where one is no id: %j", (text, kind) => {
    expect(refusal(() => readInstances(text, "INSTANCES"))).toBe(
      `INSTANCES must be ids, which are whole numbers; ${kind} is none`,
    );
  });

  test("are refused when they are too large to be exact", () => {
    expect(refusal(() => readInstances("9007199254740993", "INSTANCES"))).toContain(
      "whole numbers",
    );
    expect(refusal(() => readInstances("[9007199254740993]", "INSTANCES"))).toContain(
      "whole numbers",
    );
  });

  test("that are long are quoted by their beginning", () => {
    expect(refusal(() => readInstances("x".repeat(5000), "INSTANCES")).length).toBeLessThan(200);
  });
});
