/** A database file that its queue has left: nobody writes to it, until the table that says so is dropped. */
import type { Database } from "bun:sqlite";
import { identifier } from "../sql/table.ts";

const MARK = "CREATE TABLE tq__moved (target TEXT NOT NULL) STRICT";
const REMEMBER = "INSERT INTO tq__moved VALUES (?)";

/** Takes the move back, by a user's hand too: the triggers refuse nothing then. */
export const COME_BACK = "DROP TABLE tq__moved";

const FIRST = "tq__moved_away";

/** Plain SQL asks no program of tq: what it wrote here would be lost. */
function refuse(event: "INSERT" | "UPDATE" | "DELETE", table: string): string {
  const name = table === "tq__task" ? FIRST : `${FIRST} ${event} ${table}`;
  return `
    CREATE TRIGGER ${identifier(name)} BEFORE ${event} ON ${identifier(table)}
      WHEN EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'tq__moved') BEGIN
      SELECT RAISE(ABORT, 'tq migrate --to has moved this queue to another database: the table tq__moved names it');
    END`;
}

/** @param tables of models, which have moved with the queue */
export function leave(db: Database, target: string, tables: readonly string[]): void {
  db.transaction(() => {
    admitAgain(db); // an earlier move was taken back
    db.run(MARK);
    db.query(REMEMBER).run(target);
    db.run(refuse("INSERT", "tq__task"));
    for (const table of tables) {
      for (const event of ["INSERT", "UPDATE", "DELETE"] as const) db.run(refuse(event, table));
    }
  })();
}

const TRIGGERS = `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB '${FIRST}*'`;

/** Removes the triggers of a move that was taken back. */
export function admitAgain(db: Database): void {
  const found = db.query(TRIGGERS).all() as { name: string }[];
  for (const { name } of found) db.run(`DROP TRIGGER ${identifier(name)}`);
}
