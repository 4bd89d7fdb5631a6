/** Rows of models on PostgreSQL: their types, their order, and transactions that write them at the same time. */
import { expect, test } from "bun:test";
import type { Condition } from "../../src/store/records.ts";
import { Decimal } from "../../src/values/decimal.ts";
import { encode } from "../../src/values/encoding.ts";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { withSession } from "../support/store.ts";
import { inSession, table } from "./support.ts";

needs("postgres").describe("rows on PostgreSQL", () => {
  test("come back as they went in", async () => {
    await using pg = await makePostgres();
    const kinds = table("kind", { text: "TEXT", whole: "INTEGER", n: "NUMERIC", bytes: "BLOB" });
    const rows = [
      ["größer 'x' \\ \" 😀", 2 ** 53 - 1, 0.1 + 0.2, new Uint8Array([0, 255])],
      ["", -(2 ** 53 - 1), 1e300, new Uint8Array()],
      [null, null, null, null],
      ["5", 0, 5, null],
    ];
    const read = await inSession(pg, async (records) => {
      await records.ensureTable(kinds);
      for (const row of rows) await records.insert(kinds, row);
      return records.read(kinds, [4, 3, 2, 1, 9]);
    });
    expect(read).toEqual(rows.map((row, at) => [at + 1, ...row]).toReversed());
    expect(Object.getPrototypeOf(read[3]?.[4])).toBe(Uint8Array.prototype);
  });

  test("of a table that somebody has dropped fail once: then it is made again", async () => {
    await using pg = await makePostgres();
    const made = table("sale", { name: "TEXT" });
    const insert = () =>
      inSession(pg, async (records) => {
        if (!records.hasTable(made)) await records.ensureTable(made);
        await records.insert(made, ["a"]);
      });
    await insert();
    await pg.database.run("DROP TABLE sale");
    expect((await errorOf(insert)).message).toContain("sale");
    await insert();
    expect(await pg.database.run("SELECT id, name FROM sale")).toEqual([{ id: "1", name: "a" }]);
  });

  test("with a NUL in a text are refused before they are sent, and the transaction goes on", async () => {
    await using pg = await makePostgres();
    const made = table("sale", { name: "TEXT" });
    await inSession(pg, async (records) => {
      await records.ensureTable(made);
      const error = await errorOf(async () => records.insert(made, ["a\0b"]));
      expect(error.message).toBe(
        'Cannot use "a\\u0000b" for sale.name: PostgreSQL stores no NUL character',
      );
      await records.insert(made, ["b"]);
    });
    expect(await pg.database.run("SELECT name FROM sale")).toEqual([{ name: "b" }]);
  });

  test("are found by values, lists, patterns and decimals, and come in the order of bytes", async () => {
    await using pg = await makePostgres();
    const made = table("item", { name: "TEXT", n: "INTEGER", price: "TEXT" });
    const price = (text: string) => encode(new Decimal(text), "price");
    await inSession(pg, async (records) => {
      await records.ensureTable(made);
      await records.insert(made, ["Ärger", 1, price("1.50")]);
      await records.insert(made, ["zebra_1", 2, price("1.5")]);
      await records.insert(made, ["Zebra%", null, price("15E-1")]);
      await records.insert(made, [null, 3, '"1.5"']);
    });
    const found = (...conditions: Condition[]) =>
      inSession(pg, async (records) => {
        const rows = await records.search(made, conditions, {});
        return rows.map(([id]) => id);
      });
    expect(await found({ column: "n", operator: "=", value: 2 })).toEqual([2]);
    expect(await found({ column: "n", operator: "=", value: 1.5 })).toEqual([]);
    expect(await found({ column: "n", operator: ">", value: 1.5 })).toEqual([2, 4]);
    expect(await found({ column: "n", operator: "=", value: null })).toEqual([3]);
    expect(await found({ column: "n", operator: "!=", value: 2 })).toEqual([1, 3, 4]);
    expect(await found({ column: "n", operator: "in", value: [1, null] })).toEqual([1, 3]);
    expect(await found({ column: "n", operator: "not in", value: [1, 2.5] })).toEqual([2, 3, 4]);
    expect(await found({ column: "name", operator: "in", value: ["NULL", "Ärger"] })).toEqual([1]);
    expect(await found({ column: "name", operator: "like", value: "ÄRG%" })).toEqual([1]);
    expect(await found({ column: "name", operator: "like", value: "zebra_" })).toEqual([3]);
    expect(await found({ column: "name", operator: "like", value: "zebra\\_1" })).toEqual([2]);
    expect(await found({ column: "name", operator: "not like", value: "zebra%" })).toEqual([1, 4]);
    expect(await found({ column: "name", operator: "like", value: "(a.*" })).toEqual([]);
    const numbers = { value: [], numbers: [new Decimal("1.500")] };
    expect(await found({ column: "price", operator: "in", ...numbers })).toEqual([1, 2, 3]);
    expect(await found({ column: "price", operator: "not in", ...numbers })).toEqual([4]);
    const ordered = await inSession(pg, async (records) => {
      const order = [{ column: "name", descending: false }];
      const up = await records.search(made, [], { order });
      const down = await records.search(made, [], {
        order: [{ column: "name", descending: true }],
        limit: 2,
        offset: 1,
      });
      return [up, down].map((rows) => rows.map(([id]) => id));
    });
    expect(ordered).toEqual([
      [4, 3, 2, 1],
      [2, 3],
    ]);
  });

  test("are written only while every column holds what was read", async () => {
    await using pg = await makePostgres();
    const made = table("sale", { a: "TEXT", n: "NUMERIC", data: "BLOB" });
    const bytes = new Uint8Array([1]);
    const read = [1, "a", null, bytes];
    await inSession(pg, async (records) => {
      await records.ensureTable(made);
      await records.insert(made, ["a", null, bytes]);
      const change = [{ column: "a", value: "b" }];
      expect(await records.update(made, 1, change, read)).toBe("ok");
      expect(await records.update(made, 1, change, read)).toEqual({ changed: ["a"] });
      expect(await records.update(made, 1, [{ column: "n", value: 2 }], null)).toBe("ok");
      expect(await records.update(made, 1, change, [1, "b", null, bytes])).toEqual({
        changed: ["n"],
      });
      await records.delete(made, [1]);
      expect(await records.update(made, 1, change, read)).toBe("gone");
    });
  });

  test("that two transactions change at once are changed by one: the other learns what differs", async () => {
    await using pg = await makePostgres();
    const made = table("account", { balance: "INTEGER" });
    await inSession(pg, async (records) => {
      await records.ensureTable(made);
      await records.insert(made, [100]);
    });
    const [one, other] = [pg.store.session(), pg.open().session()];
    const change = [{ column: "balance", value: 90 }];
    expect(await one.records.update(made, 1, change, [1, 100])).toBe("ok");
    await other.records.ensureTable(made);
    const waiting = other.records.update(made, 1, [{ column: "balance", value: 80 }], [1, 100]);
    await one.commit();
    expect(await waiting).toEqual({ changed: ["balance"] });
    await pg.store.release(other);
    await pg.store.release(one);
  });

  test("that are locked by one transaction wait in another", async () => {
    await using pg = await makePostgres();
    const made = table("account", { balance: "INTEGER" });
    await inSession(pg, async (records) => {
      await records.ensureTable(made);
      for (let row = 0; row < 2; row++) await records.insert(made, [0]);
    });
    const add = async () =>
      withSession(pg.store, async (session) => {
        for (const [id, balance] of await session.records.read(made, [2, 1], true)) {
          const change = { column: "balance", value: Number(balance) + 1 };
          await session.records.update(made, Number(id), [change], null);
        }
        await session.commit();
      });
    await Promise.all(Array.from({ length: 30 }, add));
    expect(await pg.database.run("SELECT balance::int FROM account ORDER BY id")).toEqual([
      { balance: 30 },
      { balance: 30 },
    ]);
  });
});

needs("postgres").describe("a table on PostgreSQL", () => {
  test("is made once by stores that start at the same time", async () => {
    await using pg = await makePostgres();
    const made = table("sale", { a: "TEXT" });
    const stores = Array.from({ length: 10 }, () => pg.open());
    const makes = stores.map((store) =>
      withSession(store, (session) => session.records.ensureTable(made)),
    );
    expect(await Promise.all(makes)).toEqual(stores.map(() => []));
  });

  test("of the user's keeps its types and its rules, and a rule that is broken ends no transaction", async () => {
    await using pg = await makePostgres();
    await pg.database.run(
      `CREATE TABLE party (id serial PRIMARY KEY, code varchar(3) UNIQUE, n integer, paid boolean, since timestamptz DEFAULT now())`,
    );
    const party = table("party", { code: "TEXT", n: "INTEGER", paid: "INTEGER" });
    await inSession(pg, async (records) => {
      expect(await records.ensureTable(party)).toEqual([]);
      expect(await records.insert(party, ["abc", 1, 1])).toBe(1);
      const twice = await errorOf(async () => records.insert(party, ["abc", 2, 0]));
      expect(twice.message).toContain("duplicate key value");
      const long = await errorOf(async () => records.insert(party, ["abcd", 2, 0]));
      expect(long.message).toContain("value too long");
      const big = await errorOf(async () => records.insert(party, ["b", 2 ** 31, 0]));
      expect(big.message).toContain("for party.n: the column is integer");
      await records.insert(party, ["b", 2 ** 31 - 1, null]);
      const changed = await records.update(
        party,
        1,
        [{ column: "paid", value: 0 }],
        [1, "abc", 1, 1],
      );
      expect(changed).toBe("ok");
      const unpaid = [{ column: "paid", operator: "=" as const, value: 0 }];
      expect(await records.search(party, unpaid, {})).toEqual([[1, "abc", 1, 0]]);
    });
    expect(await pg.database.run("SELECT count(*)::int AS rows FROM party")).toEqual([{ rows: 2 }]);
  });

  test.each([
    [
      "CREATE TABLE sale (id bigint, a text)",
      "it has no column id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY",
    ],
    [
      "CREATE TABLE sale (id serial PRIMARY KEY, a json)",
      "its column a is json and the field needs text",
    ],
    [
      'CREATE TABLE sale (id serial PRIMARY KEY, "A" text)',
      "its column A and the field a differ in upper and lower case only",
    ],
    [
      "CREATE TABLE sale (id serial PRIMARY KEY, a text, b text NOT NULL)",
      "its column b is NOT NULL without a default, and the model has no such field",
    ],
  ])("made by %s is refused", async (statement, why) => {
    await using pg = await makePostgres();
    await pg.database.run(statement);
    const error = await errorOf(
      inSession(pg, async (records) => records.ensureTable(table("sale", { a: "TEXT" }))),
    );
    expect(error).toMatchObject({ code: "models" });
    expect(error.message).toContain(`Cannot use the table sale: ${why}`);
  });

  test("that another transaction uses gets no column for two seconds, and a sentence then", async () => {
    await using pg = await makePostgres();
    await inSession(pg, async (records) => void (await records.ensureTable(table("sale", {}))));
    const reader = pg.store.session();
    await reader.begin();
    await reader.records.read(table("sale", {}), [1]);
    const error = await errorOf(
      inSession(pg, async (records) => records.ensureTable(table("sale", { a: "TEXT" }))),
    );
    expect(error).toMatchObject({ code: "busy" });
    expect(error.message).toContain("Cannot add columns to the table sale: other transactions use");
    await pg.store.release(reader);
    await inSession(pg, async (records) => {
      expect(await records.ensureTable(table("sale", { a: "TEXT" }))).toEqual([]);
    });
  });
});

needs("postgres").test("a role that may not make a table is told so, and what to do", async () => {
  await using pg = await makePostgres();
  await pg.store.ready();
  const role = `role_${process.pid}`;
  await pg.database.run(
    `CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA tq TO ${role}; GRANT SELECT ON tq.schema TO ${role}`,
  );
  try {
    const store = pg.open({ url: pg.database.url.replace("//tq@", `//${role}@`) });
    const make = withSession(store, (session) =>
      session.records.ensureTable(table("sale", { a: "TEXT" })),
    );
    expect(await errorOf(make)).toMatchObject({
      code: "database",
      message:
        'Cannot make the table sale: permission denied for schema public; let the owner of the schema start this program once, then GRANT SELECT, INSERT, UPDATE, DELETE ON "sale" TO …, or GRANT CREATE on the schema',
    });
    await store.close();
  } finally {
    await pg.database.run(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  }
});
