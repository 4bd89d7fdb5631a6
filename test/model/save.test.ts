/** What a save writes, and that it overwrites no change of another transaction. */
import { expect, test } from "bun:test";
import { errorOf, makeRuntime, onSqlite, outside, sentenceOf } from "./support.ts";
import { All, browse, inside, makeSale, Sale } from "./sample-models.ts";

onSqlite("its trigger is in SQLite's words").test(
  "a save writes the changed columns only, and none when nothing was changed",
  async () => {
    await using tq = makeRuntime();
    await makeSale(5);
    tq.sql("CREATE TABLE log (what)");
    for (const column of ["state", "total", "party", "tags"]) {
      tq.sql(
        `CREATE TRIGGER t_${column} AFTER UPDATE OF ${column} ON sale BEGIN INSERT INTO log VALUES ('${column}'); END`,
      );
    }
    await inside(async () => {
      const sale = await browse(1);
      await sale.save();
      sale.total = 6;
      await sale.save();
      await sale.save();
      sale.tags.push("a");
      await sale.save();
      sale.tags = ["a"];
      await sale.save();
    });
    expect(tq.sql("SELECT what FROM log")).toEqual([{ what: "total" }, { what: "tags" }]);
  },
);

test("bytes that are changed in place are a change", async () => {
  await using _tq = makeRuntime();
  await inside(() => All.create([{ bytes: Uint8Array.of(1, 2) }]));
  await inside(async () => {
    const [record] = await All.browse([1]);
    if (record?.bytes) record.bytes[0] = 9;
    await record?.save();
    if (record?.bytes) record.bytes[1] = 8;
    await record?.save();
  });
  const [read] = await inside(() => All.browse([1]));
  expect(read?.bytes).toEqual(Uint8Array.of(9, 8));
});

test("a column that another transaction changed meanwhile is a conflict, with what to do", async () => {
  await using _tq = makeRuntime();
  await makeSale(1);
  const error = await errorOf(() =>
    inside(async () => {
      const sale = await browse(1);
      await outside(() =>
        inside(async () => {
          const same = await browse(1);
          same.total = 100;
          await same.save();
        }),
      );
      sale.total = (sale.total ?? 0) + 1;
      sale.state = "done";
      await sale.save();
    }),
  );
  expect(error.code).toBe("conflict");
  expect(error.message).toBe(
    "Cannot save sale 1: total was changed by another transaction since it was read; call lock(records) before reading, or run the transaction again",
  );
  expect(await inside(() => browse(1))).toMatchObject({ total: 100, state: "draft" });
});

test("a transaction cannot commit after a conflict that its code caught", async () => {
  await using tq = makeRuntime();
  await makeSale(1);
  const sentence = await sentenceOf(() =>
    inside(async () => {
      const sale = await browse(1);
      tq.sql("UPDATE sale SET total = 100");
      sale.total = 2;
      await sale.save().catch(() => undefined);
      await makeOther();
    }),
  );
  expect(sentence).toContain("Cannot commit: a record was changed by another transaction");
  expect(tq.sql("SELECT id, total FROM sale")).toEqual([{ id: 1, total: 100 }]);

  async function makeOther() {
    await Sale.create([{ party: null }]);
  }
});

test("a save of what was computed from a column that another transaction changed is a conflict", async () => {
  await using tq = makeRuntime();
  await makeSale(1);
  const error = await errorOf(() =>
    inside(async () => {
      const sale = await browse(1);
      tq.sql("UPDATE sale SET party = 'other'");
      sale.total = sale.party?.length ?? 0;
      await sale.save();
    }),
  );
  expect(error.message).toStartWith("Cannot save sale 1: party was changed by another transaction");
  expect(tq.sql("SELECT total, party FROM sale")).toEqual([{ total: 1, party: "other" }]);
});

test("an object that was read before another transaction changed its row cannot be saved", async () => {
  await using tq = makeRuntime();
  await makeSale(1);
  const error = await errorOf(() =>
    inside(async () => {
      const early = await browse(1);
      tq.sql("UPDATE sale SET total = 100");
      const late = await browse(1);
      late.total = 101;
      await late.save();
      early.total = 2;
      await early.save();
    }),
  );
  expect(error.code).toBe("conflict");
  expect(tq.sql("SELECT total FROM sale")).toEqual([{ total: 100 }]);
});

test("a record that is saved twice at once is inserted once, and what changes meanwhile stays", async () => {
  await using tq = makeRuntime();
  await inside(async () => {
    const sale = new Sale({ party: "a", total: 1 });
    const first = sale.save();
    const second = sale.save();
    await first;
    await second;
    sale.total = 2;
    const third = sale.save();
    await Promise.resolve();
    await Promise.resolve();
    sale.party = "b";
    await third;
    expect(sale.party).toBe("b");
    await sale.save();
  });
  expect(tq.sql("SELECT id, total, party FROM sale")).toEqual([{ id: 1, total: 2, party: "b" }]);
});

test("lock reads the records again, under the lock", async () => {
  await using tq = makeRuntime();
  await makeSale(1);
  await inside(async () => {
    const sale = await browse(1);
    tq.sql("UPDATE sale SET total = 5");
    await Sale.lock([sale]);
    expect(sale.total).toBe(5);
    sale.total = 7;
    await sale.save();
  });
  expect(tq.sql("SELECT total FROM sale")).toEqual([{ total: 7 }]);
});
