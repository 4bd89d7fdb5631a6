/** The instances of a push: records or ids, one or many. */
import { expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { errorOf, makeRuntime, sentenceOf } from "../model/support.ts";
import { call, inContext, Other, Sale, Special, Stored } from "./sale.ts";

test("a list gives a list of ids, one instance an id, an empty list nothing at all", async () => {
  await using tq = makeRuntime();
  expect(await Sale.__queue__.process([1])).toEqual([1]);
  expect(await Sale.__queue__.process(1)).toBe(2);
  expect(await Sale.__queue__.process([])).toEqual([]);
  expect(await inContext({ queue_batch: 5 }, () => Sale.__queue__.process([]))).toEqual([]);
  expect(await tq.tasks()).toHaveLength(2);
});

test("instances are records or ids, in any iterable; order and duplicates are kept", async () => {
  await using tq = makeRuntime();
  const [one, two] = [new Sale(1), new Sale(2)];
  function* generate() {
    yield 5;
    yield new Sale(4);
  }
  for (const instances of [
    [two, one, two, 3, 3],
    new Set([two, one]),
    generate(),
    new Map([[1, one]]).values(),
    Uint8Array.of(1, 2),
  ]) {
    await call("process", instances);
  }
  await call("process", two);
  expect((await tq.tasks()).map(({ instances }) => instances)).toEqual([
    [2, 1, 2, 3, 3],
    [2, 1],
    [5, 4],
    [1],
    [1, 2],
    2,
  ]);
});

test.each<[unknown, string]>([
  [
    "12",
    'Cannot push sale.process: "12" is not an instance; give a record, an id, or a list of them',
  ],
  [["1"], 'Cannot push sale.process, instances[0]: "1" is not an instance'],
  [1.5, "1.5 is not an id; ids are integers"],
  [Number.NaN, "NaN is not an id"],
  [2 ** 53, "is not an id"],
  [null, "null is not an instance"],
  [undefined, "undefined is not an instance"],
  [true, "true is not an instance"],
  [7n, "7n is not an instance"],
  [{}, "{} is not an instance"],
  [new Map([[1, 2]]), "instances[0]: [ 1, 2 ] is not an instance"],
  [[1, null], "instances[1]: null is not an instance"],
  [{ id: "3" }, 'the id of the record is "3", a string; ids are integers'],
  [[{ id: 7n }], "instances[0]: the id of the record is 7n, a bigint; ids are integers"],
  [{ id: 1.5 }, "the id of the record is 1.5, a number; ids are integers"],
  [{ id: null }, "the record is not saved and has no id; save it first"],
  [new Sale(), "the record is not saved and has no id; save it first"],
  [[new Sale(3), new Sale()], "instances[1]: the record is not saved and has no id; save it first"],
])("these instances are refused: %#", async (instances, sentence) => {
  await using tq = makeRuntime();
  const error = await errorOf(() => call("process", instances));
  expect(error.message).toContain(sentence);
  expect(error.code).toBe("invalid");
  expect(await tq.tasks()).toEqual([]);
});

test("a record of another model is refused: its id means something else", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    const stored = await Stored.create([{}]);
    const others = await Other.create([{}]);
    const process = Stored.__queue__["process"];
    expect(await sentenceOf(() => process?.([...stored, ...others]))).toBe(
      "Cannot push stored.process, instances[1]: the record is of the model other; give its own records",
    );
    await process?.(await Special.browse([1]));
  });
  expect((await tq.tasks()).map(({ instances }) => instances)).toEqual([[1]]);
});

test("an unsaved record of a table says so", async () => {
  await using _tq = makeRuntime();
  expect(await sentenceOf(() => Stored.__queue__["process"]?.(new Stored()))).toBe(
    "Cannot push stored.process: the record is not saved and has no id; save it first",
  );
});
