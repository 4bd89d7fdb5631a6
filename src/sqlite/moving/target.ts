/** A new database file that a queue moves into. It gets its name once it is whole. */
import { Database } from "bun:sqlite";
import { chmodSync, existsSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { TqError } from "../../errors.ts";
import { giveOwner } from "../../file-owner.ts";
import {
  type Counts,
  type MovedRow,
  type MoveTarget,
  type OwnTable,
  withPatterns,
} from "../../store/moving.ts";
import type { ColumnValue, Table } from "../../store/records.ts";
import { isOfSystem, isWrongPath, refusalOf } from "../../write-refusal.ts";
import { followLinks } from "../connection.ts";
import { translate } from "../errors.ts";
import { ownNameOf } from "../file/own-names.ts";
import {
  makePart,
  type Part,
  removeLeftParts,
  removeWithLogs,
  syncFolderOf,
} from "../file/parts.ts";
import { migrate } from "../migrate.ts";
import { namesGlob } from "../sql/glob.ts";
import { makeTable } from "../sql/table.ts";
import { countRows, giveIdsAfter, insertInto, nameOf } from "./tables.ts";
import { addEnd, addWebhook } from "./webhooks.ts";

/** Rows of tq's own that are not those of a table here. */
const ADDED: Readonly<Partial<Record<string, (db: Database, row: MovedRow) => void>>> = {
  webhook: addWebhook,
  webhook_end: addEnd,
};

export class SqliteMoveTarget implements MoveTarget {
  readonly name: string;
  readonly #part: Part;
  readonly #db: Database;

  private constructor(path: string, part: Part) {
    this.name = path;
    this.#part = part;
    this.#db = new Database(part.path, { create: true, strict: true });
    this.#db.run("PRAGMA auto_vacuum = INCREMENTAL");
    this.#db.run("PRAGMA synchronous = FULL");
    migrate(this.#db, path);
    this.#db.run("BEGIN IMMEDIATE");
  }

  /**
   * @param given of a file that is not there yet.
   * @param source the file that is left, whose permissions the new one gets; null: it is a server.
   * @throws TqError "invalid" where the path cannot be that of a new database, "database" or "full" where it cannot be
   * written
   */
  static open(given: string, source: string | null): SqliteMoveTarget {
    const path = followLinks(given);
    const from = source === null ? null : followLinks(source);
    checkPath(path, from);
    removeLeftParts(dirname(path));
    let part: Part | null = null;
    try {
      part = makePart(path, 0o644);
      if (from !== null) chmodSync(part.path, statSync(from).mode & 0o777);
      giveOwner(part.path, from ?? dirname(path));
      return new SqliteMoveTarget(path, part);
    } catch (error) {
      if (part !== null) remove(part);
      throw explained(error, path);
    }
  }

  async makeTables(tables: readonly Table[]): Promise<void> {
    this.#do(() => {
      for (const table of tables) makeTable(this.#db, table);
    });
  }

  async empty(table: OwnTable): Promise<void> {
    if (ADDED[table] !== undefined) return; // a new file has none
    this.#do(() => this.#db.run(`DELETE FROM ${nameOf(table, true)}`));
  }

  async insert(table: string, isOwn: boolean, rows: readonly MovedRow[]): Promise<void> {
    const add = isOwn ? ADDED[table] : undefined;
    this.#do(() => {
      if (add !== undefined) {
        for (const row of rows) add(this.#db, row);
        return;
      }
      const columns = Object.keys(rows[0] ?? {});
      const statement = this.#db.query<unknown, ColumnValue[]>(insertInto(table, isOwn, columns));
      for (const row of rows) {
        const own = isOwn ? withGlobs(row, table) : row;
        statement.run(...columns.map((column) => own[column] ?? null));
      }
    });
  }

  async count(table: string, isOwn: boolean): Promise<Counts> {
    return this.#do(() => countRows(this.#db, table, isOwn));
  }

  async giveIdsAfter(last: ReadonlyMap<string, number>): Promise<void> {
    this.#do(() => giveIdsAfter(this.#db, last));
  }

  async commit(): Promise<void> {
    this.#do(() => {
      this.#db.run("COMMIT");
      this.#db.close();
      checkPath(this.name, null); // again: another program may have made it meanwhile
      renameSync(this.#part.path, this.name);
      syncFolderOf(this.name);
    });
  }

  #do<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explained(error, this.name);
    }
  }

  /** Removes a file that did not become whole. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#db.close(); // and rolls back
    remove(this.#part);
  }
}

function withGlobs(row: MovedRow, table: string): MovedRow {
  return withPatterns(row, table, (list) => JSON.stringify(list.map(namesGlob))) as MovedRow;
}

/** Once it has its name, nothing is left of it to remove. */
function remove(part: Part): void {
  removeWithLogs(part.path);
  part[Symbol.dispose]();
}

/** @throws TqError "invalid" */
function checkPath(path: string, source: string | null): void {
  const own = source === null ? null : ownNameOf(path, source);
  if (own !== null) {
    throw refused(path, `${own} is a name of the database's own; give another one`);
  }
  // A log that is left would be deleted by the first program that opens the new database.
  const found = ["", "-wal", "-journal"].map((end) => path + end).find((file) => existsSync(file));
  if (found === undefined) return;
  const isFolder = statSync(found).isDirectory();
  if (isFolder) throw refused(path, `it is a folder; name a new file, such as ${path}/tq.db`);
  const what = found === path ? "there is a file already" : `the log ${found} is there already`;
  throw refused(path, `${what}; name a new one`);
}

function refused(path: string, why: string): TqError {
  return new TqError("invalid", `Cannot move into ${path}: ${why}`);
}

/** A sentence for an error of the system or of SQLite. */
function explained(error: unknown, path: string): unknown {
  if (!isOfSystem(error)) return translate(error, path);
  const code = isWrongPath(error) ? "invalid" : "database";
  return refusalOf(`Cannot move into ${path}`, path, error, code);
}
