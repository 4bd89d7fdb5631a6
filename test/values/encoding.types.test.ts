/** Checked by `bun check`; a line marked @ts-expect-error that compiles is an error there. */
import { expect, test } from "bun:test";
import type { Decimal } from "../../src/values/decimal.ts";
import { type Encodable, type Jsonable, encode } from "../../src/values/encoding.ts";

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only when both types are the same. */
function same<A, B>(...different: Same<A, B> extends true ? [] : [never]): void {
  expect(different.length).toBe(0);
}

/** As a typed push does it: the method's parameters, each carried as JSON. */
function push<Args extends readonly unknown[]>(
  method: (...args: Args) => void,
  ...args: Jsonable<Args>
): void {
  void method;
  void args;
}

type Any = ReturnType<typeof JSON.parse>;

class Sale {
  readonly id = 7;
  confirm(): void {}
}

interface Line {
  readonly product: number;
  price: Decimal;
  note?: string;
  due: Temporal.PlainDate | undefined;
}

interface Tree {
  name: string;
  children: Tree[];
}

test("Jsonable keeps what can be carried", () => {
  same<Jsonable<string>, string>();
  same<Jsonable<"a" | 1 | null | true>, "a" | 1 | null | true>();
  same<Jsonable<bigint | Uint8Array | Decimal>, bigint | Uint8Array | Decimal>();
  same<Jsonable<Temporal.Duration>, Temporal.Duration>();
  same<Jsonable<Temporal.Instant>, Temporal.Instant | Date>();
  same<Jsonable<Line>, Line>();
  same<Jsonable<Line[]>, Line[]>();
  same<Jsonable<readonly [id: number, line?: Line]>, readonly [id: number, line?: Line]>();
  same<Jsonable<Record<string, number[]>>, Record<string, number[]>>();
  same<Jsonable<unknown>, unknown>();
  same<Jsonable<Any>, Any>();
  same<Jsonable<{ a: unknown }>, { a: unknown }>();
  const tree: Jsonable<Tree> = { name: "root", children: [{ name: "leaf", children: [] }] };
  expect(encode(tree, "tree")).toContain("leaf");
});

test("Jsonable is never where nothing can be carried", () => {
  same<Jsonable<() => void>, never>();
  same<Jsonable<typeof Sale>, never>();
  same<Jsonable<symbol>, never>();
  same<Jsonable<undefined>, never>();
  same<Jsonable<Map<string, number>>, never>();
  same<Jsonable<Set<number>>, never>();
  same<Jsonable<Promise<number>>, never>();
  same<Jsonable<Date>, never>();
  same<Jsonable<Error>, never>();
  same<Jsonable<RegExp | URL | Float32Array>, never>();
  same<Jsonable<Temporal.PlainYearMonth>, never>();
  same<Jsonable<Sale>, never>();
  same<Jsonable<string | (() => void)>, string>();
  same<Jsonable<(number | undefined)[]>, number[]>();
  same<Jsonable<{ id: number; seen: Set<number> }>, { id: number; seen: never }>();
  same<Jsonable<{ id: number; sale: Sale }[]>, { id: number; sale: never }[]>();
  same<Jsonable<[number, Sale]>, [number, never]>();
  same<Jsonable<{ id: number; done?: () => void }>, { id: number; done?: never }>();
  same<Jsonable<{ id: number | (() => void) }>, { id: number }>();
});

test("a typed push takes what a task can receive", () => {
  push((_id: number, _line: Line) => {}, 1, { product: 1, price: {} as Decimal, due: undefined });
  push((_when?: Temporal.Instant) => {});
  push((_when: Temporal.Instant) => {}, new Date());
  push((_of: { when?: Temporal.Instant }) => {}, { when: new Date() });
  // @ts-expect-error it arrives as a Temporal.Instant
  push((_when: Date) => {}, new Date());
  push((..._ids: number[]) => {}, 1, 2, 3);
  // @ts-expect-error a record goes by its id
  push((_sale: Sale) => {}, new Sale());
  // @ts-expect-error a function cannot be carried
  push((_done: () => void) => {}, same);
  const seen = { seen: new Set([1]) };
  // @ts-expect-error a Set inside an object cannot be carried
  push((_given: { seen: Set<number> }) => {}, seen);
  // @ts-expect-error the method wants a number
  push((_id: number) => {}, "1");
});

test("Encodable takes values of every kind that is encoded", () => {
  const values: Encodable[] = [null, true, 1, "a", 1n, new Date(0), new Uint8Array(1)];
  const record: Encodable = {
    values,
    at: Temporal.Instant.fromEpochMilliseconds(0),
    no: undefined,
  };
  expect(encode(record, "record")).toContain("Instant");
  // @ts-expect-error a Map is not encoded
  const map: Encodable = new Map();
  // @ts-expect-error a class instance with methods is not encoded
  const sale: Encodable = new Sale();
  expect([map, sale]).toHaveLength(2);
});
