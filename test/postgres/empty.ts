/** Databases that no tq has used yet. */
import { databaseName } from "../../src/values/database-url.ts";
import { makePostgresDatabase } from "../support/postgres.ts";

let made = 0;

/** A database without the schema tq. @param how more words of CREATE DATABASE */
export async function makeEmpty(how = "") {
  const beside = await makePostgresDatabase();
  made += 1;
  const name = `empty_${made}`;
  await beside.run(`CREATE DATABASE ${name} ${how}`);
  const url = new Bun.SQL(beside.url).options.database;
  const own = beside.url.replace(`/${String(url)}?`, `/${name}?`);
  const sql = new Bun.SQL(own, { max: 1 });
  return {
    url: own,
    /** As tq names it. */
    name: databaseName(own),
    async run(statement: string) {
      return (await sql.unsafe(statement)) as Record<string, unknown>[];
    },
    async [Symbol.asyncDispose]() {
      await sql.close({ timeout: 0 });
      await beside.run(`DROP DATABASE ${name} WITH (FORCE)`);
      await beside[Symbol.asyncDispose]();
    },
  };
}

export type Empty = Awaited<ReturnType<typeof makeEmpty>>;
