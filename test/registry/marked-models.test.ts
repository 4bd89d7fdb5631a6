/** `static redact`, and the option `redact` of functions. */
import { describe, expect, test } from "bun:test";
import { Model } from "../../src/model/model.ts";
import type { Redact } from "../../src/model/queue-types.ts";
import { task } from "../../src/model/task-function.ts";
import { checkMarks, marksOfModels } from "../../src/registry/marked-models.ts";
import { modelOf } from "../../src/registry/model-class.ts";

function card(redact: unknown) {
  return class Card extends Model {
    static override readonly __name__ = "card";
    static readonly redact = redact;
    static charge(_records: Card[], _pin: string) {}
    refund() {}
  };
}

test("a list counts for all methods, an object for those that it names", () => {
  const listed = card(["pin", 0]);
  const named = card({ charge: ["card.number", 1], refund: [] });
  expect(marksOfModels([listed])).toEqual({ card: { "*": ["pin", 0] } });
  expect(marksOfModels([named])).toEqual({ card: { charge: ["card.number", 1], refund: [] } });
});

test("a model that marks nothing, or has a method of that name, has no marks", () => {
  expect(marksOfModels([card(undefined), card(() => {})])).toEqual({});
});

test("a function says its marks among its options, and they are no policy", () => {
  const send = task(
    "send",
    { attempts: 2, redact: ["code", 1] },
    (_to: string, _code: string) => {},
  );
  const model = modelOf(send);
  expect(marksOfModels(model ? [model] : [])).toEqual({ send: { "*": ["code", 1] } });
});

describe("what cannot be a mark gets a sentence:", () => {
  test.each<[unknown, string]>([
    ["pin", `card.redact cannot be "pin": it must be a list such as ["pin"]`],
    [[""], 'card.redact cannot have "": it must be the name of a field'],
    [["a..b"], 'card.redact cannot have "a..b": it must be the name of a field'],
    [[-1], "card.redact cannot have -1: the place of an argument is a whole number from 0 to 999"],
    [[1.5], "card.redact cannot have 1.5: the place of an argument"],
    [{ charge: "pin" }, "card.redact.charge cannot be"],
    [{ chrge: ["pin"] }, 'the model card has no method "chrge"; did you mean "charge"?'],
  ])("%p", (redact, words) => {
    expect(() => checkMarks(card(redact))).toThrow(words);
  });

  test("of a function", () => {
    expect(() => task("send", { redact: "code" as never }, () => {})).toThrow(
      'Cannot use the function send: task("send").redact cannot be',
    );
  });
});

test("the methods are typed", () => {
  class Typed extends Model {
    static override readonly __name__ = "typed";
    static readonly redact: Redact<typeof Typed> = { charge: [0, "card.number"] };
    static async charge(_records: Typed[], _pin: string) {}
  }
  class Wrong extends Model {
    static override readonly __name__ = "wrong";
    // @ts-expect-error there is no such method
    static readonly redact: Redact<typeof Wrong> = { chrge: ["pin"] };
    static async charge(_records: Wrong[]) {}
  }
  expect([Typed, Wrong]).toHaveLength(2);
});
