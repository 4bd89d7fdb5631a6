/** A session on a store of its own, new for each test, and tables in it. */
import type { Database } from "bun:sqlite";
import { afterEach, beforeEach } from "bun:test";
import type { Column, ColumnValue, Table } from "../../../src/store/records.ts";
import type { Session } from "../../../src/store/session.ts";
import { makeStore, type TestStore } from "../../support/store.ts";

export function table(name: string, columns: Record<string, Column["type"]>): Table {
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
  };
}

export let subject: TestStore;
export let session: Session;

/** Gives each test of a file a session of its own. */
export function renewSession(): void {
  beforeEach(() => {
    subject = makeStore();
    session = subject.store.session();
  });
  afterEach(() => subject[Symbol.asyncDispose]());
}

/** Runs SQL of our own and commits it. */
export async function sql(...statements: string[]): Promise<void> {
  for (const statement of statements) (session.raw(false) as Database).run(statement);
  await session.commit();
}

export async function columnsOf(name: string): Promise<string[]> {
  const db = session.raw(false) as Database;
  const rows = db.query(`PRAGMA table_info("${name}")`).all() as { name: string; type: string }[];
  await session.commit();
  return rows.map((column) => `${column.name} ${column.type}`);
}

export async function fill(made: Table, rows: ColumnValue[][]): Promise<number[]> {
  await session.records.ensureTable(made);
  const ids: number[] = [];
  for (const row of rows) ids.push(await session.records.insert(made, row));
  await session.commit();
  return ids;
}
