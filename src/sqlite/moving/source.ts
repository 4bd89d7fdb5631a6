/** A database file that moves to another database: nobody else opens it meanwhile. */
import type { Database } from "bun:sqlite";
import { TqError } from "../../errors.ts";
import { type Counts, type MovedRow, type MoveSource, withPatterns } from "../../store/moving.ts";
import type { ColumnValue } from "../../store/records.ts";
import { followLinks } from "../connection.ts";
import type { SqliteOptions } from "../database.ts";
import { translate } from "../errors.ts";
import { openAlone, refuseLive } from "../file/alone.ts";
import { ofNamesGlob } from "../sql/glob.ts";
import { SqliteStore } from "../store.ts";
import { admitAgain, COME_BACK, leave } from "./left.ts";
import { countRows, extrasOf, lastIds, selectAll, type UserTables, userTables } from "./tables.ts";

const ROWS_AT_ONCE = 1_000;

/** The calls of a part's rows may take so many characters: they are in memory a few times over. */
const CHARACTERS_AT_ONCE = 4_000_000;

export class SqliteMoveSource implements MoveSource {
  readonly name: string;
  readonly mark = null;
  readonly tables: UserTables["tables"];
  readonly unmovable: UserTables["unmovable"];
  readonly #db: Database;

  private constructor(name: string, db: Database) {
    this.name = name;
    this.#db = db;
    ({ tables: this.tables, unmovable: this.unmovable } = userTables(db));
  }

  /** @throws TqError "conflict" while a worker lives, "busy" while another program has it open */
  static async open(options: SqliteOptions, maxCrashes: number): Promise<SqliteMoveSource> {
    const path = followLinks(options.path);
    const action = `Cannot move ${path}`;
    const store = new SqliteStore({ ...options, needsTables: true }); // brings an older file to this version
    try {
      refuseLive(path, action);
      await store.rescueDead(maxCrashes);
    } finally {
      await store.close();
    }
    const db = openAlone(path, action, true);
    try {
      refuseLive(path, action); // a worker may have started meanwhile
      return new SqliteMoveSource(path, db);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  async extras(tables: readonly string[]): Promise<readonly string[]> {
    return extrasOf(this.#db, tables);
  }

  async count(table: string, isOwn: boolean): Promise<Counts> {
    return countRows(this.#db, table, isOwn);
  }

  async *rows(table: string, isOwn: boolean): AsyncGenerator<readonly MovedRow[], void> {
    try {
      yield* this.#rows(table, isOwn);
    } catch (error) {
      throw translate(error, this.name);
    }
  }

  *#rows(table: string, isOwn: boolean): Generator<readonly MovedRow[], void> {
    let part: MovedRow[] = [];
    let characters = 0;
    const statement = this.#db.query(selectAll(this.#db, table, isOwn));
    for (const row of statement.iterate() as Iterable<Record<string, ColumnValue>>) {
      const moved = isOwn ? neutral(movable(row, table), table) : movable(row, table);
      part.push(moved);
      for (const value of Object.values(moved)) {
        if (typeof value === "string" || value instanceof Uint8Array) characters += value.length;
      }
      if (part.length < ROWS_AT_ONCE && characters < CHARACTERS_AT_ONCE) continue;
      yield part;
      [part, characters] = [[], 0];
    }
    if (part.length > 0) yield part;
  }

  async lastIds(): Promise<ReadonlyMap<string, number>> {
    return lastIds(this.#db);
  }

  async leave(target: string, tables: readonly string[]): Promise<void> {
    try {
      leave(this.#db, target, tables);
    } catch (error) {
      throw translate(error, this.name);
    }
  }

  async stay(): Promise<void> {
    this.#db.run(COME_BACK);
    admitAgain(this.#db);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close();
  }
}

function neutral(row: MovedRow, table: string): MovedRow {
  return withPatterns(row, table, (globs) => JSON.stringify(globs.map(ofNamesGlob))) as MovedRow;
}

/** Whole numbers come as bigint: those that JavaScript's numbers hold become numbers. */
function movable(row: Record<string, ColumnValue>, table: string): MovedRow {
  for (const [column, value] of Object.entries(row)) {
    if (typeof value === "bigint") {
      const number = Number(value);
      if (Number.isSafeInteger(number)) row[column] = number;
    } else if (typeof value === "string" && (value.includes("\0") || !value.isWellFormed())) {
      const where = row["id"] === undefined ? "" : ` in the row ${String(row["id"])}`;
      throw new TqError(
        "invalid",
        `Cannot move the column ${column} of the table ${table}: its text${where} has a NUL or half a surrogate pair, which PostgreSQL cannot hold; change that row, or delete it`,
      );
    }
  }
  return row;
}
