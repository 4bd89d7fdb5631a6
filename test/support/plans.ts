/** How SQLite goes about the statements of a store. */
import { Database } from "bun:sqlite";
import { spyOn } from "bun:test";

/** The statements on the queue's tables that this runs, as it runs them. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const seen = new Set<string>();
  const query = spyOn(Database.prototype, "query");
  try {
    await work();
    for (const [sql] of query.mock.calls)
      if (/tq_/.test(sql) && !/SAVEPOINT|RELEASE/.test(sql)) seen.add(sql);
  } finally {
    query.mockRestore();
  }
  return [...seen];
}

/** On a connection of its own: EXPLAIN of an UPDATE … RETURNING leaves a connection unusable. */
export function planOf(path: string, sql: string): string[] {
  const db = new Database(path, { strict: false });
  try {
    const rows = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    return rows.map(({ detail }) => detail);
  } finally {
    db.close();
  }
}
