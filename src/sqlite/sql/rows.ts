/** Reads and writes the rows of ModelSQL tables. Statements are built from quoted names, and prepared once. */
import type { Database, SQLQueryBindings } from "bun:sqlite";
import {
  type Change,
  changedColumns,
  type ColumnValue,
  type Condition,
  type Row,
  type SearchOptions,
  type Table,
  type Updated,
} from "../../store/records.ts";
import { conditionSql } from "./conditions.ts";
import { identifier } from "./table.ts";

/** The texts of a table's statements, made once. */
interface Texts {
  readonly select: string;
  readonly selectOne: string;
  readonly selectMany: string;
  readonly insert: string;
  /** UPDATE statements by the columns that they set and guard. */
  readonly updates: Map<string, string>;
}

const texts = new WeakMap<Table, Texts>();

function textsOf(table: Table): Texts {
  let text = texts.get(table);
  if (!text) {
    const name = identifier(table.name);
    const columns = table.columns.map((column) => identifier(column.name));
    const select = `SELECT ${["id", ...columns].join(", ")} FROM ${name}`;
    text = {
      select,
      selectOne: `${select} WHERE id = ?`,
      selectMany: `${select} WHERE id IN (SELECT value FROM json_each(?))`,
      insert:
        columns.length === 0
          ? `INSERT INTO ${name} DEFAULT VALUES`
          : `INSERT INTO ${name} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`,
      updates: new Map(),
    };
    texts.set(table, text);
  }
  return text;
}

/** Up to this many ids are read one by one; more are bound as one list. */
const MOST_ONE_BY_ONE = 4;

/** Reads the rows of these ids that exist, in the order of the ids. */
export function selectByIds(db: Database, table: Table, ids: readonly number[]): Row[] {
  const { selectOne, selectMany } = textsOf(table);
  if (ids.length <= MOST_ONE_BY_ONE) {
    const statement = db.query(selectOne);
    const rows: Row[] = [];
    for (const id of ids) rows.push(...(statement.values(id) as Row[]));
    return rows;
  }
  const rows = db.query(selectMany).values(JSON.stringify(ids)) as Row[];
  const byId = new Map(rows.map((row) => [row[0], row]));
  return ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
}

export function selectMatching(
  db: Database,
  table: Table,
  conditions: readonly Condition[],
  { order = [], limit, offset = 0 }: SearchOptions,
): Row[] {
  const parameters: ColumnValue[] = [];
  const where = conditions.map((condition) => conditionSql(condition, parameters)).join(" AND ");
  const by = order.map((key) => `${identifier(key.column)}${key.descending ? " DESC" : ""}`);
  // The id comes last: rows that are equal otherwise have an order too.
  const text = `${textsOf(table).select} ${where && `WHERE ${where}`} ORDER BY ${[...by, "id"].join(", ")} LIMIT CAST(? AS INTEGER) OFFSET ?`;
  parameters.push(limit ?? -1, offset); // -1: no limit
  return db.query(text).values(...(parameters as SQLQueryBindings[])) as Row[];
}

export function insertValues(db: Database, table: Table, values: readonly ColumnValue[]): number {
  const statement = db.query(textsOf(table).insert);
  return Number(statement.run(...(values as SQLQueryBindings[])).lastInsertRowid);
}

/** @param read changes the row only while its columns still hold this; null: in any case. */
export function updateColumns(
  db: Database,
  table: Table,
  id: number,
  changes: readonly Change[],
  read: Row | null,
): Updated {
  if (changes.length === 0) return "ok";
  const parameters: ColumnValue[] = [];
  let shape = "";
  for (const { column, value } of changes) {
    parameters.push(value);
    shape += `${column}\0`;
  }
  parameters.push(id);
  const compared = read ? comparable(table, read) : NO_COLUMNS;
  for (const { name, value } of compared) {
    parameters.push(value);
    shape += `\0${name}`;
  }
  const { updates } = textsOf(table);
  let text = updates.get(shape);
  if (text === undefined) updates.set(shape, (text = updateText(table, changes, compared)));
  if (db.query(text).run(...(parameters as SQLQueryBindings[])).changes > 0) return "ok";
  const [row] = selectByIds(db, table, [id]);
  return row ? { changed: changedColumns(table, read ?? row, row) } : "gone";
}

/** A column with the value that was read in it. */
interface ColumnRead {
  readonly name: string;
  readonly value: ColumnValue;
}

const NO_COLUMNS: readonly ColumnRead[] = [];

/** The columns of the row that can be compared: not those whose value JavaScript does not hold exactly. */
function comparable(table: Table, row: Row): ColumnRead[] {
  return table.columns
    .map(({ name }, index) => ({ name, value: row[index + 1] ?? null })) // the id comes first
    .filter(({ value }) => !isInexact(value));
}

/** True for a whole number beyond 2^53, and for a text that was not UTF-8: SQLite may hold another value. */
function isInexact(value: ColumnValue): boolean {
  if (typeof value === "number") return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === "string" && value.includes("\uFFFD");
}

function updateText(
  table: Table,
  changes: readonly Change[],
  compared: readonly ColumnRead[],
): string {
  const set = changes.map(({ column }) => `${identifier(column)} = ?`).join(", ");
  const guards = compared.map(({ name }) => ` AND ${identifier(name)} IS ?`).join("");
  return `UPDATE ${identifier(table.name)} SET ${set} WHERE id = ?${guards}`;
}

export function deleteByIds(db: Database, table: Table, ids: readonly number[]): void {
  db.query(
    `DELETE FROM ${identifier(table.name)} WHERE id IN (SELECT value FROM json_each(?))`,
  ).run(JSON.stringify(ids));
}
