/** The secrets are taken out of a task, and of the words that quote it. */
import { format, inspect } from "node:util";
import { describe, expect, test } from "bun:test";
import type { ErrorData } from "../../src/outcome.ts";
import { type ModelMarks } from "../../src/redaction/marks.ts";
import { refuseMask, restored } from "../../src/redaction/mask-given.ts";
import { Redaction } from "../../src/redaction/redaction.ts";
import { Secrets } from "../../src/redaction/secrets.ts";
import { hideInError } from "../../src/store/shown/words.ts";
import { parseExactly } from "../../src/values/exact-json.ts";

const M = "[redacted]";

function conceal(args: unknown, names: readonly string[], marks: ModelMarks = {}) {
  const redaction = new Redaction(
    names,
    () => marks,
    () => false,
  );
  return redaction.conceal({ model: "card", method: "charge", args, context: {} }).args;
}

describe("a mark hides", () => {
  test.each<[string, unknown, string[], unknown]>([
    ["a field at any depth", [{ a: [{ pin: 1 }] }], ["pin"], [{ a: [{ pin: M }] }]],
    ["a field in any case", [{ PassWord: "x" }], ["password"], [{ PassWord: M }]],
    ["a field by a mark in any case", [{ pin: "x" }], ["PIN"], [{ pin: M }]],
    [
      "whole objects and lists",
      [{ card: { n: 1 }, pin: [1] }],
      ["card", "pin"],
      [{ card: M, pin: M }],
    ],
    ["null, which says something too", [{ pin: null }], ["pin"], [{ pin: M }]],
    ["a path alone", [{ n: 1, card: { n: 2 } }], ["card.n"], [{ n: 1, card: { n: M } }]],
    ["a path through lists", [{ card: [{ n: 2 }] }], ["card.n"], [{ card: [{ n: M }] }]],
    ["a path at any depth", [{ of: { card: { n: 2 } } }], ["card.n"], [{ of: { card: { n: M } } }]],
    ["no path with a gap", [{ card: { of: { n: 2 } } }], ["card.n"], [{ card: { of: { n: 2 } } }]],
    [
      "a key of the prototype's name",
      [parseExactly('{"__proto__":{"pin":1}}')],
      ["pin"],
      [parseExactly(`{"__proto__":{"pin":"${M}"}}`)],
    ],
  ])("%s", (_name, args, names, shown) => {
    expect(JSON.stringify(conceal(args, names))).toBe(JSON.stringify(shown));
  });

  test("an argument by its place, in the methods that the model says", () => {
    expect(conceal(["a", "b", "c"], [], { charge: [1], other: [0] })).toEqual(["a", M, "c"]);
    expect(conceal(["a", "b"], [], { "*": [0] })).toEqual([M, "b"]);
  });

  test("nothing where numbers are kept exactly", () => {
    const text = '[{"id":12345678901234567890,"pin":98765432109876543210}]';
    expect(JSON.stringify(conceal(parseExactly(text), ["pin"]))).toBe(
      `[{"id":12345678901234567890,"pin":"${M}"}]`,
    );
  });

  test("a secret wherever the task itself repeats it", () => {
    const args = [{ pin: "hunter2", url: "/?p=hunter2", list: ["hunter2!"] }];
    expect(conceal(args, ["pin"])).toEqual([{ pin: M, url: `/?p=${M}`, list: [`${M}!`] }]);
  });

  test("a secret that is a key, and keeps the keys apart", () => {
    const args = [{ pin: ["hunter2", "other22"], by: { hunter2: 1, other22: 2, "of other22": 3 } }];
    expect(conceal(args, ["pin"])).toEqual([
      { pin: M, by: { [M]: 1, [`${M} 2`]: 2, [`of ${M}`]: 3 } },
    ]);
  });
});

test("a number is hidden where the task repeats it as a number", () => {
  const args = [{ pin: 4111222233338888, of: 4111222233338888, amount: 41 }];
  expect(conceal(args, ["pin"])).toEqual([{ pin: M, of: M, amount: 41 }]);
});

test("the keys inside an argument that is marked are hidden where the task repeats them", () => {
  const args = [{ 4111222233338888: 100 }, { seen: { 4111222233338888: 100 } }];
  expect(conceal(args, [], { charge: [0] })).toEqual([M, { seen: { [M]: 100 } }]);
});

describe("words lose", () => {
  const hide = (secret: unknown, words: string): string => {
    const secrets = new Secrets();
    secrets.add(secret);
    return secrets.hideIn(words);
  };

  test.each<[string, unknown, string, string]>([
    ["a secret each time", "hunter2", "hunter2 and hunter2", `${M} and ${M}`],
    ["a number of four digits", 8765, "pin 8765", `pin ${M}`],
    ["no text of three characters", "cat", "concatenate", "concatenate"],
    ["the texts of an object", { a: ["hunter2"] }, "hunter2", M],
    ["the longer one of two", ["hunter2", "hunter22"], "hunter22", M],
    ["a secret as JSON quotes it", 'a"b\tc', 'got "a\\"b\\tc"', `got "${M}"`],
    ["a secret in a URL", "a b&c", "/?p=a%20b%26c", `/?p=${M}`],
    ["a secret in a form", "a b~c!'()*ä", "p=a+b%7Ec%21%27%28%29*%C3%A4", `p=${M}`],
    ["a secret with all its signs escaped", "a b~!'()*", "/?p=a%20b%7E%21%27%28%29%2A", `/?p=${M}`],
    ["a secret in a whole URL", "a b&c?d/ä", "/a%20b&c?d/%C3%A4", `/${M}`],
    ["a secret in the query of a URL", "a b'c|d", new URL("http://h/?a b'c|d").search, `?${M}`],
    ["a secret in a URL in lower case", "k/ä b?", "p=k%2f%c3%a4%20b%3f", `p=${M}`],
    ["a secret in a form in lower case", "k/ä b?", "p=k%2f%c3%a4+b%3f", `p=${M}`],
    ["a quoted secret in a URL", 'pa"ss', "/?json=%22pa%5C%22ss%22", `/?json=%22${M}%22`],
    [
      "the keys of an object",
      { card: { "4111222233338888": 100 } },
      "no 4111222233338888",
      `no ${M}`,
    ],
    ["no key of three characters", { cat: "hunter2" }, "concatenate", "concatenate"],
    ["a secret without its colours", "red\x1b[31mhot", "redhot", M],
    ["a number as JavaScript writes it", parseExactly("1e21"), "takes 1e+21", `takes ${M}`],
    ["the nearest number", parseExactly("12345678901234567891"), "12345678901234567000", M],
    [
      "a secret as JSON in JSON",
      'ba\\ck"sl',
      JSON.stringify([JSON.stringify('ba\\ck"sl')]),
      `["\\"${M}\\""]`,
    ],
    ["each line of a secret", "-----BEGIN-----\nMIIEabc", "MIIEabc", M],
    [
      "the beginning of a secret at a cut",
      "hunter2hunter2",
      "was hunter2hu… (more)",
      `was ${M}… (more)`,
    ],
    ["the beginning of a secret at the end", "hunter2hunter2", "was hunter2hu", `was ${M}`],
    ["no end of three characters", "hunter2", "the hun", "the hun"],
    ["a secret with signs of a pattern", "$&.*(", "x $&.*( y", `x ${M} y`],
  ])("%s", (_name, secret, words, shown) => {
    expect(hide(secret, words)).toBe(shown);
  });

  const CONTROLS = "Bel1\x07\v\x7f\x85\t\b\x1b(Bel2";

  describe.each(['ba\\ck"sl', "it's", `it's "both"`, `it's "all" \`three\``, CONTROLS])(
    "%j",
    (secret) => {
      test.each([
        ["inspect", (text: string) => inspect([text])],
        [
          "inspect, as a part of a text with all quotes",
          (text: string) => inspect([`'"\` ${text}`]),
        ],
        [
          "inspect, as a part of a text with single quotes",
          (text: string) => inspect([`' ${text}`]),
        ],
        ["%o", (text: string) => format("%o", text)],
        ["JSON", (text: string) => JSON.stringify([text])],
        ["inspect of JSON", (text: string) => inspect([JSON.stringify([text])])],
        ["Bun", (text: string) => Bun.inspect([text])],
      ])("as it is quoted by %s", (_name, write) => {
        expect(hide(secret, write(secret))).not.toContain(secret.slice(-3));
        expect(hide(secret, write(secret))).toContain(M);
      });
    },
  );

  test("all where a task has more secrets than can be looked for", () => {
    const many = Array.from({ length: 2_000 }, (_, at) => `secret ${at}`);
    expect(hide(many, "harmless")).toBe(M);
  });
});

test("each text of an error loses a secret: its name, its code, its message and its stack", () => {
  const secrets = new Secrets();
  secrets.add(["hunter2", 8765]);
  const error: ErrorData = {
    name: "No hunter2",
    message: "hunter2",
    stack: "No hunter2: hunter2",
    code: 8765,
  };
  expect(hideInError(error, secrets)).toEqual({
    name: `No ${M}`,
    message: M,
    stack: `No ${M}: ${M}`,
    code: M,
  });
  expect(hideInError({ ...error, code: 404 }, secrets).code).toBe(404);
});

test("what is given back as it was shown is as it was stored, and what was changed is not", () => {
  const stored = [{ pin: "hunter2", n: 1, list: [{ pin: "other" }] }, "x"];
  const shown = [{ pin: M, n: 1, list: [{ pin: M }] }, "x"];
  const given = [{ pin: M, n: 2, list: [{ pin: "new" }] }, "x"];
  expect(restored(given, shown, stored)).toEqual([
    { pin: "hunter2", n: 2, list: [{ pin: "new" }] },
    "x",
  ]);
  expect(restored([{ moved: M }], shown, stored)).toEqual([{ moved: M }]);
});

test("the mask itself is refused as a value", () => {
  expect(() => refuseMask([{ pin: M }], "Cannot push")).toThrow(
    'Cannot push: "[redacted]" stands for a secret that is not shown; write the value itself',
  );
  expect(() => refuseMask([{ text: `it says ${M}` }], "Cannot push")).not.toThrow();
  expect(() => refuseMask([{ [`of ${M}`]: 1 }], "Cannot push")).toThrow("stands for a secret");
});
