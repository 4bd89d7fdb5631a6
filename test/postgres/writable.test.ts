/** Lists come to the server as they are. */
import { expect, test } from "bun:test";
import { Connection } from "../../src/postgres/connection.ts";
import { writable } from "../../src/postgres/writable.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { LIFE } from "./support.ts";

const TEXTS = [
  "",
  "a b",
  '"',
  "\\",
  '\\"',
  "{x,y}",
  ",",
  "NULL",
  "null",
  null,
  "é\u{1F600}\n\t",
  " ",
];
const NUMBERS = [0, -1, 1.5, 1e300, -2.5e-10, null, 2 ** 53];

needs("postgres").test(
  "lists of texts, numbers and booleans come to the server as they are",
  async () => {
    await using made = await makePostgres();
    const db = await Connection.open({ ...LIFE, url: made.database.url });
    const asJson = async (type: string, list: readonly (string | number | boolean | null)[]) => {
      const row = await db.get<{ list: string }>(`SELECT to_json($1::${type}[])::text AS list`, [
        list,
      ]);
      return JSON.parse(row?.list ?? "") as unknown;
    };
    expect(await asJson("text", TEXTS)).toEqual(TEXTS);
    expect(await asJson("float8", NUMBERS)).toEqual(NUMBERS);
    expect(await asJson("bigint", [1, 2 ** 53, null])).toEqual([1, 2 ** 53, null]);
    expect(await asJson("boolean", [true, false, null])).toEqual([true, false, null]);
    expect(await asJson("text", [])).toEqual([]);
    const zero = "SELECT ($1::float8[])[1]::text AS zero";
    expect(await db.get(zero, [[-0]])).toEqual({ zero: "-0" });
    await db.close();
  },
);

test("values without a list are not copied", () => {
  const values = [1, "{}", null, new Uint8Array(2)];
  expect(writable(values)).toBe(values);
});
