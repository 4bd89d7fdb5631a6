/**
 * What the types of `__queue__` allow. Checked by `bun check`: a line marked @ts-expect-error that compiles is
 * an error there. The functions are not called.
 */
import { expect, test } from "bun:test";
import { Decimal, Model, ModelSQL, type Queue, v } from "../../src/index.ts";

class Sale extends ModelSQL("sale", { total: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof Sale>;

  static readonly label = "Sale";
  static async process(_records: Sale[]) {}
  static async post(_records: readonly Sale[], _day: Temporal.PlainDate, _note?: string) {}
  static async every(_records: Iterable<Sale>) {}
  static async one(_record: Sale, _price: Decimal) {}
  static async any(_records: Sale | Sale[], ..._ids: number[]) {}
  static sync(_records: Sale[], _options: { copies: number; to?: string }) {}
  static async none() {}
  static async ids(_ids: number[]) {}
  static async text(_text: string) {}
  static async callback(_records: Sale[], _done: () => void) {}
  static async map(_records: Sale[], _seen: Map<string, number>) {}
  static async at(_records: Sale[], _when: Date) {}
  static async after(_records: Sale[], _when: Temporal.Instant) {}
  static async open(_records: Sale[], _anything: unknown) {}
  async confirm(_by: number, _text = "") {}
  async other(_party: Party) {}
}

class Party extends Model {
  declare static readonly __queue__: Queue<typeof Party>;
  static override readonly __name__ = "party";
  static async merge(_records: Party[], _into: number) {}
  vat = "";
  async check() {}
}

class Special extends Sale {
  declare static readonly __queue__: Queue<typeof Special>;
  static async extra(_records: Special[]) {}
}

class Untyped extends ModelSQL("untyped", {}) {
  static async process(_records: Untyped[], _value: number) {}
}

/** Only for the compiler. */
function never(_uses: () => unknown): void {}

/** Compiles only where both are the same. */
function same<A, B>(
  ..._different: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]
): void {}

test("static methods take the records or their ids, and give a list of ids", () => {
  never(() => {
    const [sale] = [new Sale()];
    same<ReturnType<typeof Sale.__queue__.process>, Promise<number[]>>();
    void Sale.__queue__.process([sale]);
    void Sale.__queue__.process([1, sale]);
    void Sale.__queue__.process(new Set([sale]));
    void Sale.__queue__.every([sale]);
    void Sale.__queue__.post([1], Temporal.PlainDate.from("2024-02-29"));
    void Sale.__queue__.post([1], Temporal.PlainDate.from("2024-02-29"), "note");
    void Sale.__queue__.sync([1], { copies: 2 });
    void Sale.__queue__.open([1], { a: [1] });
    // @ts-expect-error the method wants a list
    void Sale.__queue__.process(sale);
    // @ts-expect-error text is not an instance
    void Sale.__queue__.process("1");
    // @ts-expect-error nor in a list
    void Sale.__queue__.process(["1"]);
    // @ts-expect-error a record of another model
    void Sale.__queue__.process([new Party(1)]);
    // @ts-expect-error the day is missing
    void Sale.__queue__.post([1]);
    // @ts-expect-error a text is no day
    void Sale.__queue__.post([1], "2024-02-29");
    // @ts-expect-error one argument too many
    void Sale.__queue__.process([1], 2);
    // @ts-expect-error a number is no text
    void Sale.__queue__.sync([1], { copies: 2, to: 7 });
  });
  expect().pass();
});

test("a method that takes a single record takes one, and gives one id", () => {
  never(() => {
    same<ReturnType<typeof Sale.__queue__.one>, Promise<number>>();
    void Sale.__queue__.one(new Sale(), new Decimal("1.50"));
    void Sale.__queue__.one(7, new Decimal("1.50"));
    // @ts-expect-error it takes one record
    void Sale.__queue__.one([7], new Decimal("1.50"));
    const one: Promise<number> = Sale.__queue__.any(7, 1, 2);
    const list: Promise<number[]> = Sale.__queue__.any([7], 1);
    // @ts-expect-error the ids are numbers
    void Sale.__queue__.any([7], "1");
    return [one, list];
  });
  expect().pass();
});

test("methods of the record are called on one or on each", () => {
  never(() => {
    const one: Promise<number> = Sale.__queue__.confirm(7, 1);
    const list: Promise<number[]> = Sale.__queue__.confirm([7, new Sale()], 1, "x");
    void Party.__queue__.check(1);
    // @ts-expect-error who confirms is missing
    void Sale.__queue__.confirm(7);
    // @ts-expect-error a text is no number
    void Sale.__queue__.confirm(7, "1");
    return [one, list];
  });
  expect().pass();
});

test("arguments that JSON does not carry are refused", () => {
  never(() => {
    // @ts-expect-error a function
    void Sale.__queue__.callback([1], () => undefined);
    // @ts-expect-error a Map
    void Sale.__queue__.map([1], new Map());
    // @ts-expect-error a Date arrives as a Temporal.Instant
    void Sale.__queue__.at([1], new Date());
    void Sale.__queue__.after([1], Temporal.Now.instant());
    // @ts-expect-error a record: give its id
    void Sale.__queue__.other(1, new Party(1));
  });
  expect().pass();
});

test("only methods for records are offered, and none of tq's own", () => {
  type Offered = keyof typeof Sale.__queue__;
  same<
    Offered,
    | ("process" | "post" | "every" | "one" | "any" | "sync" | "confirm" | "other")
    | ("callback" | "map" | "at" | "after" | "open")
  >();
  same<keyof typeof Party.__queue__, "merge" | "check">();
  same<Exclude<keyof typeof Special.__queue__, Offered>, "extra">();
  never(() => {
    // @ts-expect-error it takes no records
    void Sale.__queue__.none([1]);
    // @ts-expect-error it takes ids, not records
    void Sale.__queue__.ids([1]);
    // @ts-expect-error it takes a text
    void Sale.__queue__.text([1]);
    // @ts-expect-error tq's own
    void Sale.__queue__.browse([1]);
    // @ts-expect-error tq's own
    void Sale.__queue__.save([1]);
    // @ts-expect-error tq's own
    void Party.__queue__.browse([1]);
    // @ts-expect-error no method
    void Sale.__queue__.label([1]);
    // @ts-expect-error a field
    void Sale.__queue__.total([1]);
    // @ts-expect-error there is none of this name
    void Sale.__queue__.proces([1]);
    void Special.__queue__.extra([new Special()]);
    void Special.__queue__.process([new Special()]);
  });
  expect().pass();
});

test("computed names work, as far as the compiler knows them", () => {
  never(() => {
    for (const name of ["process", "every"] as const) void Sale.__queue__[name]([1]);
    const name: string = "process";
    // @ts-expect-error it may be no method's name
    void Sale.__queue__[name]([1]);
    void Untyped.__queue__[name]?.([1]);
  });
  expect().pass();
});

test("without the line any method compiles, with records or ids", () => {
  never(() => {
    void Untyped.__queue__["process"]?.([new Untyped()], 42);
    void Untyped.__queue__["anything"]?.(1, "x");
    void Untyped.__queue__["anything"]?.(new Set([1, new Untyped()]));
    // @ts-expect-error text is not an instance
    void Untyped.__queue__["process"]?.("1");
    // @ts-expect-error the record may be missing
    void Untyped.__queue__["process"]?.([new Untyped()].at(0));
  });
  expect().pass();
});

/** The example of the documentation, as it stands. */
class MyModel extends ModelSQL("my_model", { value: v.optional(v.number()) }) {
  declare static readonly __queue__: Queue<typeof MyModel>; // typed pushes; works untyped without this line

  static async launch(records: MyModel[]) {
    for (const record of records) await this.__queue__.process(record, 42);
  }
  async process(value: number) {
    this.value = value;
    await this.save();
  }
}

test("the example of the documentation compiles", () => {
  never(async () => {
    const [id] = await MyModel.__queue__.launch([1]);
    same<typeof id, number | undefined>();
    same<MyModel["value"], number | undefined>();
  });
  expect().pass();
});
