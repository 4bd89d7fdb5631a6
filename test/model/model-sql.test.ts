/** ModelSQL: a model with a table. */
import { expect, test } from "bun:test";
import { errorOf, makeRuntime, sentenceOf } from "./support.ts";
import { All, browse, inside, makeSale, Sale } from "./sample-models.ts";

test("optional reads undefined, nullable null; defaults are filled in at the save", async () => {
  await using _tq = makeRuntime();
  const sale = new Sale({ party: null });
  expect(sale.id).toBe(0);
  await inside(() => sale.save());
  expect(Object.fromEntries(Object.entries(sale))).toEqual({
    id: 1,
    state: "draft",
    total: undefined,
    party: null,
    tags: [],
  });
  expect(await inside(() => browse(1))).toEqual(sale);
  const again = await inside(() => browse(1));
  again.tags.push("x");
  expect(new Sale({ party: null }).tags).not.toEqual(["x"]);
  expect(await sentenceOf(() => inside(() => new Sale({} as never).save()))).toContain(
    "Cannot save sale: party cannot be undefined",
  );
});

test("a field that the model does not have is refused, with the near one", async () => {
  await using _tq = makeRuntime();
  const make = (values: unknown) => sentenceOf(() => new Sale(values as never));
  expect(await make({ stat: "x", party: null })).toBe(
    'Cannot make a sale: it has no field "stat"; did you mean "state"?',
  );
  expect(await make({ id: 7, party: null })).toContain('it has no field "id"');
  expect(await make("x")).toBe('Cannot make a sale of "x": give an object with its fields');
  expect(await make([1])).toContain("give an object with its fields");
});

test("the same row twice in a list is one object", async () => {
  await using _tq = makeRuntime();
  await makeSale();
  await makeSale();
  const records = await inside(() => Sale.browse([2, 1, 2, 9, 1]));
  expect(records.map(({ id }) => id)).toEqual([2, 1, 2, 1]);
  expect(records[0]).toBe(records[2] as Sale);
  expect(await inside(() => Sale.browse([]))).toEqual([]);
});

test("delete takes the rows away; a save of one that is gone says so", async () => {
  await using _tq = makeRuntime();
  const [one, two, three] = [await makeSale(), await makeSale(), await makeSale()];
  await inside(async () => {
    await one.delete();
    await Sale.delete([two]);
    expect((await Sale.search([])).map(({ id }) => id)).toEqual([3]);
  });
  two.total = 5;
  const error = await errorOf(() => inside(() => two.save()));
  expect(error.message).toBe(
    "Cannot save sale 2: it was deleted since it was read; run the transaction again",
  );
  expect(error.code).toBe("conflict");
  expect(await sentenceOf(() => inside(() => Sale.lock([three, two])))).toBe(
    "Cannot lock sale 2: it was deleted since it was read; run the transaction again",
  );
});

test.each<[string, () => Promise<unknown>, string]>([
  [
    "deleting an unsaved record",
    () => new Sale({ party: null }).delete(),
    "Cannot delete a sale that is not saved: it has no row",
  ],
  [
    "locking an unsaved record",
    () => Sale.lock([new Sale({ party: null })]),
    "Cannot lock a sale that is not saved: save it first",
  ],
  [
    "saving what is no list",
    () => Sale.save(new Sale({ party: null }) as never),
    "Cannot save sale with",
  ],
  [
    "saving another model's record",
    () => Sale.save([new All()] as never),
    "it is not a record of sale",
  ],
  ["saving an id", () => Sale.save([7] as never), "Cannot save 7: it is not a record of sale"],
  ["deleting ids", () => Sale.delete([7] as never), "Cannot delete 7: it is not a record of sale"],
  ["creating without a list", () => Sale.create({ party: null } as never), "give a list"],
  [
    "browsing without a list",
    () => Sale.browse(7 as never),
    "Cannot browse sale with 7: give a list",
  ],
  ["browsing text", () => Sale.browse(["7"] as never), 'Cannot browse "7": ids are integers'],
])("%s is refused", async (_what, work, sentence) => {
  await using _tq = makeRuntime();
  expect(await sentenceOf(() => inside(work))).toContain(sentence);
});

test("outside a transaction nothing is read or written", async () => {
  await using _tq = makeRuntime();
  const sale = new Sale({ party: null });
  for (const work of [
    () => sale.save(),
    () => Sale.browse([1]),
    () => Sale.search([]),
    () => Sale.create([]),
  ]) {
    expect(await sentenceOf(work)).toContain("Cannot find a transaction");
  }
});

test("methods of the class work on what is read", async () => {
  await using tq = makeRuntime();
  await makeSale();
  await inside(async () => (await browse(1)).confirm());
  expect(tq.sql("SELECT state FROM sale")).toEqual([{ state: "done" }]);
});

test("a record is shown and written as JSON with its fields only", async () => {
  await using _tq = makeRuntime();
  const sale = await makeSale(1);
  expect(Bun.inspect(sale)).toBe("Sale { id: 1, state: 'draft', total: 1, party: null, tags: [] }");
  expect(Bun.inspect({ sale: [sale] })).not.toContain("confirm");
  expect(JSON.stringify(sale)).toBe('{"id":1,"state":"draft","total":1,"party":null,"tags":[]}');
  expect(Object.keys(sale)).toEqual(["id", "state", "total", "party", "tags"]);
});
