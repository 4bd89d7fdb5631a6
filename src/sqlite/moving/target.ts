/** A new database file that a queue moves into. It gets its name once it is whole. */
import { Database } from "bun:sqlite";
import { existsSync, rmSync } from "node:fs";
import { TqError } from "../../errors.ts";
import type { Counts, MovedRow, MoveTarget, OwnTable } from "../../store/moving.ts";
import type { ColumnValue, Table } from "../../store/records.ts";
import { migrate } from "../migrate.ts";
import { makeTable } from "../sql/table.ts";
import { countRows, giveIdsAfter, insertInto, nameOf } from "./tables.ts";

export class SqliteMoveTarget implements MoveTarget {
  readonly name: string;
  readonly #db: Database;
  #isWhole = false;

  /** @param path of a file that is not there yet. @throws TqError "invalid" where it is */
  constructor(path: string) {
    if (existsSync(path)) {
      throw new TqError(
        "invalid",
        `Cannot move into ${path}: there is a file already; name a new one`,
      );
    }
    this.name = path;
    this.#db = new Database(path, { create: true, strict: true });
    this.#db.run("PRAGMA auto_vacuum = INCREMENTAL");
    this.#db.run("PRAGMA synchronous = FULL");
    migrate(this.#db, path);
    this.#db.run("BEGIN IMMEDIATE");
  }

  async makeTables(tables: readonly Table[]): Promise<void> {
    for (const table of tables) makeTable(this.#db, table);
  }

  async empty(table: OwnTable): Promise<void> {
    this.#db.run(`DELETE FROM ${nameOf(table, true)}`);
  }

  async insert(table: string, isOwn: boolean, rows: readonly MovedRow[]): Promise<void> {
    const columns = Object.keys(rows[0] ?? {});
    const statement = this.#db.query<unknown, ColumnValue[]>(insertInto(table, isOwn, columns));
    for (const row of rows) statement.run(...columns.map((column) => row[column] ?? null));
  }

  async count(table: string, isOwn: boolean): Promise<Counts> {
    return countRows(this.#db, table, isOwn);
  }

  async giveIdsAfter(last: ReadonlyMap<string, number>): Promise<void> {
    giveIdsAfter(this.#db, last);
  }

  async commit(): Promise<void> {
    this.#db.run("COMMIT");
    this.#isWhole = true;
  }

  /** Removes a file that did not become whole. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isWhole) this.#db.run("ROLLBACK");
    this.#db.close();
    if (!this.#isWhole) rmSync(this.name, { force: true });
  }
}
