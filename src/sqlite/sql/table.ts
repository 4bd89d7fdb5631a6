/** Makes the tables of ModelSQL, and refuses those that cannot be changed without touching their data. */
import type { Database } from "bun:sqlite";
import { TqError } from "../../errors.ts";
import type { Column, ColumnValue, Table } from "../../store/records.ts";

/** Quotes a name, which may contain any character. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly dflt_value: string | null;
  readonly pk: number;
}

/** The columns by lower-case name: to SQLite, `Value` and `value` are one. */
function columnsOf(db: Database, table: Table): Map<string, ColumnInfo> {
  const rows = db.query(`PRAGMA table_xinfo(${identifier(table.name)})`).all() as ColumnInfo[];
  return new Map(rows.map((row) => [row.name.toLowerCase(), row]));
}

/**
 * True when the table exists with every column, and `makeTable` has nothing to do.
 *
 * @throws TqError "models" where one of its columns does not fit the model: `makeTable` throws it too.
 */
export function tableIsComplete(db: Database, table: Table): boolean {
  const columns = columnsOf(db, table);
  checkColumns(table, columns);
  return columns.size > 0 && table.columns.every(({ name }) => columns.has(name.toLowerCase()));
}

/** Makes the table, or adds the columns that it lacks. @returns those that are required, where rows lack them. */
export function makeTable(db: Database, table: Table): string[] {
  const existing = columnsOf(db, table);
  checkColumns(table, existing); // again: another process may have made the table since
  if (existing.size === 0) {
    const columns = table.columns.map((column) => `, ${columnSql(column)}`).join("");
    db.run(
      `CREATE TABLE ${identifier(table.name)} (id INTEGER PRIMARY KEY AUTOINCREMENT${columns})`,
    );
    return [];
  }
  const added = table.columns.filter(({ name }) => !existing.has(name.toLowerCase()));
  for (const column of added) {
    db.run(`ALTER TABLE ${identifier(table.name)} ADD COLUMN ${columnSql(column)}`);
  }
  const required = added.filter((column) => column.required?.()).map(({ name }) => name);
  return required.length > 0 && hasRows(db, table) ? required : [];
}

function hasRows(db: Database, table: Table): boolean {
  return db.query(`SELECT 1 FROM ${identifier(table.name)} LIMIT 1`).get() !== null;
}

/** A column as it is declared. With a default SQLite gives old rows its value, without rewriting them. */
function columnSql({ name, type, initial }: Column): string {
  const value = initial?.() ?? null;
  return `${identifier(name)} ${type}${value === null ? "" : ` DEFAULT ${literal(value)}`}`;
}

/** The value as SQL text that SQLite reads as exactly that value. */
function literal(value: Exclude<ColumnValue, null>): string {
  switch (typeof value) {
    case "number":
      // The digits that JavaScript gives a whole number beyond 2^53 are those of another integer.
      return Number.isSafeInteger(value) ? String(value) : value.toExponential();
    case "bigint":
      return String(value);
    case "boolean":
      return value ? "1" : "0";
    case "string":
      if (!value.includes("\0")) return `'${value.replaceAll("'", "''")}'`;
      return `(CAST(${hex(new TextEncoder().encode(value))} AS TEXT))`; // a NUL would end the statement
    default:
      return hex(value);
  }
}

function hex(bytes: Uint8Array): string {
  return `x'${bytes.toHex()}'`;
}

/** Refuses a table that cannot be changed without touching its data: the user must decide. */
function checkColumns(table: Table, existing: Map<string, ColumnInfo>): void {
  checkNames(table);
  if (existing.size === 0) return;
  const id = existing.get("id");
  if (!id || id.pk !== 1 || id.type.toUpperCase() !== "INTEGER") {
    throw refusal(
      table,
      "it has no column id INTEGER PRIMARY KEY",
      "rebuild the table with one, or rename the model",
    );
  }
  for (const { name, type } of table.columns) {
    const there = existing.get(name.toLowerCase());
    if (there && there.type.toUpperCase() !== type) {
      throw refusal(
        table,
        `its column ${there.name} is ${there.type || "without type"} and the field needs ${type}`,
        `rename the field, or move the data: ALTER TABLE ${identifier(table.name)} RENAME COLUMN ${identifier(there.name)} TO ${identifier(`${there.name}_old`)}, start again, then copy`,
      );
    }
  }
  const known = new Set(table.columns.map(({ name }) => name.toLowerCase()));
  for (const [key, column] of existing) {
    if (key !== "id" && !known.has(key) && column.notnull && column.dflt_value === null) {
      throw refusal(
        table,
        `its column ${column.name} is NOT NULL without a default, and the model has no such field`,
        "add the field, or drop the column",
      );
    }
  }
}

function checkNames(table: Table): void {
  const seen = new Map([["id", "id"]]);
  for (const { name } of table.columns) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      throw refusal(
        table,
        `its columns ${other} and ${name} are one column to SQLite, which ignores upper and lower case`,
        "rename one of the fields",
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}

function refusal(table: Table, what: string, advice: string): TqError {
  return new TqError("models", `Cannot use the table ${table.name}: ${what}; ${advice}`);
}
