/** Looks into a database without bringing it to this version's schema. */
import type { LivingProgram, Peeked } from "../store/peeked.ts";
import { databaseName } from "../values/database-url.ts";
import { Connection } from "./connection.ts";
import { findSchema } from "./migrate.ts";

/** All versions of the schema have what this reads. A standby cannot tell which workers live. */
const PROGRAMS = `
  SELECT pid, version, host FROM tq.worker
   WHERE pg_is_in_recovery() OR id IN (SELECT id FROM tq.living) ORDER BY started_at, id`;

/** @throws TqError where the server cannot be reached, or refuses. */
export async function peek(url: string, timeout: number): Promise<Peeked> {
  const name = databaseName(url);
  const limits = { timeout, lockTimeout: 0 };
  const db = await Connection.open({ url, name, ...limits, application: "tq upgrade" });
  try {
    const { version: schema } = await findSchema(db, name);
    return { schema, programs: schema === 0 ? [] : await db.all<LivingProgram>(PROGRAMS) };
  } finally {
    await db.close();
  }
}
