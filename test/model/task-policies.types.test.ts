/**
 * What the types of `static tasks` allow. Checked by `bun check`: a line marked @ts-expect-error that compiles is an
 * error there.
 */
import { expect, test } from "bun:test";
import { Model, ModelSQL, type Queue, type TaskPolicies, v } from "../../src/index.ts";
import { checkPolicies } from "../../src/registry/policies.ts";

class JamError extends Error {}

class Label extends ModelSQL("label", { text: v.string() }) {
  declare static readonly __queue__: Queue<typeof Label>;
  static readonly tasks: TaskPolicies<typeof Label> = {
    print: {
      attempts: 5,
      backoff: { kind: "linear", first: "5s", longest: { minutes: 10 }, jitter: 0.5 },
      retryOn: [JamError, "ECONNRESET"],
      failOn: (error) => error instanceof TypeError,
      timeout: "1m30s",
      expires: "PT1H",
      onFailed: "check",
    },
    check: { backoff: ["10s", "1m", "10m"], transaction: false, missing: "fail" },
    one: { backoff: (error, attempt) => (error instanceof JamError ? null : `${attempt}s`) },
  };
  static async print(_labels: Label[], _copies: number) {}
  static async one(_label: Label) {}
  async check() {}
}

class Box extends Model {
  static override readonly __name__ = "box";
  static readonly tasks: TaskPolicies<typeof Box> = {
    pack: { instances: "many", strict: true },
    open: { instances: "one" },
    either: { instances: "one" },
    // @ts-expect-error it takes a list
    all: { instances: "one" },
    // @ts-expect-error it takes one record
    single: { instances: "many" },
    // @ts-expect-error it is called on each record
    check: { instances: "many" },
  };
  static async pack(_boxes: Box[]) {}
  static async open(_box: Box) {}
  static async either(_boxes: Box | Box[]) {}
  static async all(_boxes: readonly Box[]) {}
  static async single(_box: Box) {}
  async check() {}
}

class Wrong extends Model {
  static override readonly __name__ = "wrong";
  static readonly tasks: TaskPolicies<typeof Wrong> = {
    // @ts-expect-error no such policy
    print: { atempts: 5 },
    // @ts-expect-error no such method
    l: { onFailed: "tell" },
    // @ts-expect-error the unit is missing
    a: { timeout: "30" },
    // @ts-expect-error a number has no unit
    b: { timeout: 30 },
    // @ts-expect-error no such unit
    c: { backoff: "30y" },
    // @ts-expect-error no such word
    d: { backoff: "cubic" },
    // @ts-expect-error no such word in a rule
    e: { backoff: { kind: "cubic" } },
    // @ts-expect-error a text is no number
    f: { attempts: "5" },
    // @ts-expect-error a class of no errors
    g: { retryOn: [Date] },
    // @ts-expect-error no such choice
    h: { missing: "retry" },
    // @ts-expect-error a number is no flag
    i: { strict: 1 },
    // @ts-expect-error no such choice
    j: { instances: "list" },
    // @ts-expect-error it is called on each record
    k: { instances: "many" },
  };
  static async print(_labels: Wrong[]) {}
  static async a(_labels: Wrong[]) {}
  static async b(_labels: Wrong[]) {}
  static async c(_labels: Wrong[]) {}
  static async d(_labels: Wrong[]) {}
  static async e(_labels: Wrong[]) {}
  static async f(_labels: Wrong[]) {}
  static async g(_labels: Wrong[]) {}
  static async h(_labels: Wrong[]) {}
  static async i(_labels: Wrong[]) {}
  static async j(_labels: Wrong[]) {}
  async k() {}
  async l() {}
}

class Misspelt extends Model {
  static override readonly __name__ = "misspelt";
  // @ts-expect-error no such method
  static readonly tasks: TaskPolicies<typeof Misspelt> = { prnit: { attempts: 5 } };
  static async print(_labels: Misspelt[]) {}
}

test("the policies that compile are taken, and each that does not is refused as the models load", () => {
  expect(() => checkPolicies(Label)).not.toThrow();
  expect(() => checkPolicies(Box)).toThrow(
    "Cannot use the model box: box.tasks.check: instances is for static methods, and a method of the record is called on each",
  );
  expect(() => checkPolicies(Misspelt)).toThrow('did you mean "print"?');
  for (const [method, policy] of Object.entries(Wrong.tasks)) {
    class One extends Wrong {
      static override readonly tasks = { [method]: policy };
    }
    expect(() => checkPolicies(One)).toThrow();
  }
});
