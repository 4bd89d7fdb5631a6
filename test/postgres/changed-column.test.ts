/** A column changes its type under programs that have prepared statements. */
import { expect } from "bun:test";
import { isOperational } from "../../src/errors.ts";
import { Connection } from "../../src/postgres/connection.ts";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";

needs("postgres").test(
  "a transaction that meets a column of another type than before is tried again",
  async () => {
    await using made = await makePostgres();
    const { url } = made.database;
    await made.database.run("CREATE TABLE thing AS SELECT 1::float8 AS size");
    const db = await Connection.open({
      url,
      name: "shop",
      timeout: 5_000,
      lockTimeout: 0,
      application: "tq test",
    });
    const read = () => db.all("SELECT size FROM public.thing WHERE size > $1", [0]);
    await read();
    await made.database.run("ALTER TABLE thing ALTER COLUMN size TYPE real");
    await db.command("BEGIN");
    const error = await errorOf(read());
    expect(error.message).toContain("a column has another type than when its statement was first");
    expect(isOperational(error)).toBe(true);
    await db.command("ROLLBACK");
    expect(await read()).toEqual([{ size: 1 }]);
    await db.close();
  },
);
