/** Tables of records, and sessions that commit what they did with them. */
import type { Column, Records, Table } from "../../src/store/records.ts";
import type { TestPostgres } from "../support/postgres.ts";
import { withSession } from "../support/store.ts";

export function table(name: string, columns: Readonly<Record<string, Column["type"]>>): Table {
  return { name, columns: Object.entries(columns).map(([one, type]) => ({ name: one, type })) };
}

export async function inSession<T>(
  { store }: TestPostgres,
  fn: (records: Records) => Promise<T>,
): Promise<T> {
  return withSession(store, async (session) => {
    const result = await fn(session.records);
    await session.commit();
    return result;
  });
}
