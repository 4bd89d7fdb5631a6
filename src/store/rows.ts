/** The rows of ModelSQL tables. Statements are built from checked names, and prepared once. */
import type { Database, SQLQueryBindings } from "bun:sqlite";
import { TqError } from "../errors.ts";
import type { Change, ColumnValue, Condition, Row, SearchOptions, Table } from "./records.ts";

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

const selects = new WeakMap<Table, string>();

function select(table: Table): string {
  let text = selects.get(table);
  if (text === undefined) {
    const columns = ["id", ...table.columns.map(({ name }) => name)].map(quote).join(", ");
    text = `SELECT ${columns} FROM ${quote(table.name)}`;
    selects.set(table, text);
  }
  return text;
}

/** Bound as a list: so many ids need no statement of their own. */
const ONE_BY_ONE = 4;

/** The rows of these ids that exist, in the order asked for. */
export function readRows(db: Database, table: Table, ids: readonly number[]): Row[] {
  if (ids.length <= ONE_BY_ONE) {
    const statement = db.query(`${select(table)} WHERE id = ?`);
    return ids.flatMap((id) => statement.values(id) as Row[]) as Row[];
  }
  const rows = db
    .query(`${select(table)} WHERE id IN (SELECT value FROM json_each(?))`)
    .values(JSON.stringify(ids)) as Row[];
  const byId = new Map(rows.map((row) => [row[0], row]));
  return ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
}

export function searchRows(
  db: Database,
  table: Table,
  conditions: readonly Condition[],
  { order = [], limit, offset = 0 }: SearchOptions,
): Row[] {
  const parameters: ColumnValue[] = [];
  const where = conditions.map((condition) => compare(condition, parameters)).join(" AND ");
  const by = order.map((key) => `${quote(key.column)}${key.descending ? " DESC" : ""}`);
  // The id last, so that equal rows have an order too.
  const text = `${select(table)} ${where && `WHERE ${where}`} ORDER BY ${[...by, "id"].join(", ")} LIMIT ? OFFSET ?`;
  parameters.push(limit ?? -1, offset);
  return db.query(text).values(...(parameters as SQLQueryBindings[])) as Row[];
}

function compare({ column, operator, value }: Condition, parameters: ColumnValue[]): string {
  const name = quote(column);
  if (Array.isArray(value)) {
    parameters.push(JSON.stringify(value));
    return `${name} ${operator === "in" ? "IN" : "NOT IN"} (SELECT value FROM json_each(?))`;
  }
  parameters.push(value as ColumnValue);
  if (operator === "=") return `${name} IS ?`;
  if (operator === "!=") return `${name} IS NOT ?`;
  return `${name} ${operator.toUpperCase()} ?`;
}

export function insertRow(db: Database, table: Table, values: readonly ColumnValue[]): number {
  const columns = table.columns.map(({ name }) => quote(name)).join(", ");
  const text =
    values.length === 0
      ? `INSERT INTO ${quote(table.name)} DEFAULT VALUES`
      : `INSERT INTO ${quote(table.name)} (${columns}) VALUES (${values.map(() => "?").join(", ")})`;
  return Number(db.query(text).run(...(values as SQLQueryBindings[])).lastInsertRowid);
}

export function updateRow(
  db: Database,
  table: Table,
  id: number,
  changes: readonly Change[],
): "ok" | "changed" | "gone" {
  if (changes.length === 0) return "ok";
  const set = changes.map(({ column }) => `${quote(column)} = ?`).join(", ");
  const read = changes.filter((change) => "before" in change);
  const guard = read.map(({ column }) => ` AND ${quote(column)} IS ?`).join("");
  const { changes: rows } = db
    .query(`UPDATE ${quote(table.name)} SET ${set} WHERE id = ?${guard}`)
    .run(
      ...(changes.map(({ value }) => value) as SQLQueryBindings[]),
      id,
      ...(read.map(({ before }) => before) as SQLQueryBindings[]),
    );
  if (rows > 0) return "ok";
  return readRows(db, table, [id]).length > 0 ? "changed" : "gone";
}

export function deleteRows(db: Database, table: Table, ids: readonly number[]): void {
  db.query(`DELETE FROM ${quote(table.name)} WHERE id IN (SELECT value FROM json_each(?))`).run(
    JSON.stringify(ids),
  );
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

function columnsOf(db: Database, table: Table): Map<string, ColumnInfo> {
  const rows = db.query(`PRAGMA table_info(${quote(table.name)})`).all() as ColumnInfo[];
  return new Map(rows.map((row) => [row.name, row]));
}

/** True when the table has every column: then there is nothing to write. */
export function tableIsThere(db: Database, table: Table): boolean {
  const columns = columnsOf(db, table);
  checkColumns(table, columns);
  return columns.size > 0 && table.columns.every(({ name }) => columns.has(name));
}

/** Makes the table, or adds what it lacks. */
export function makeTable(db: Database, table: Table): void {
  const existing = columnsOf(db, table);
  if (existing.size === 0) {
    const columns = table.columns.map(({ name, type }) => `, ${quote(name)} ${type}`).join("");
    db.run(`CREATE TABLE ${quote(table.name)} (id INTEGER PRIMARY KEY AUTOINCREMENT${columns})`);
    return;
  }
  for (const { name, type } of table.columns) {
    if (!existing.has(name)) {
      db.run(`ALTER TABLE ${quote(table.name)} ADD COLUMN ${quote(name)} ${type}`);
    }
  }
}

/** What cannot be changed without touching somebody's data is for a person to do. */
function checkColumns(table: Table, existing: Map<string, ColumnInfo>): void {
  if (existing.size === 0) return;
  const id = existing.get("id");
  if (!id || id.pk !== 1 || id.type.toUpperCase() !== "INTEGER") {
    throw refusal(
      table,
      "it has no column id INTEGER PRIMARY KEY",
      "add one, or name the model otherwise",
    );
  }
  for (const { name, type } of table.columns) {
    const there = existing.get(name);
    if (there && there.type.toUpperCase() !== type) {
      throw refusal(
        table,
        `its column ${name} is ${there.type || "without type"} and the field needs ${type}`,
        `rename the field, or move the data: ALTER TABLE ${quote(table.name)} RENAME COLUMN ${quote(name)} TO ${quote(`${name}_old`)}, start again, then copy`,
      );
    }
  }
  const known = new Set(table.columns.map(({ name }) => name));
  for (const column of existing.values()) {
    if (
      column.name !== "id" &&
      !known.has(column.name) &&
      column.notnull &&
      column.dflt_value === null
    ) {
      throw refusal(
        table,
        `its column ${column.name} is NOT NULL without a default, and the model has no such field`,
        "add the field, or drop the column",
      );
    }
  }
}

function refusal(table: Table, what: string, advice: string): TqError {
  return new TqError("models", `Cannot use the table ${table.name}: ${what}; ${advice}`);
}
