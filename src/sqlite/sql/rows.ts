/** Reads and writes the rows of ModelSQL tables. Statements are built from quoted names, and prepared once. */
import type { Database, SQLQueryBindings } from "bun:sqlite";
import { TqError } from "../../errors.ts";
import type {
  Change,
  ColumnValue,
  Condition,
  Operator,
  Row,
  SearchOptions,
  Table,
  Updated,
} from "../../store/records.ts";

/** Quotes a name, which may contain any character. */
function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

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
const ONE_BY_ONE = 4;

/** Reads the rows of these ids that exist, in the order of the ids. */
export function selectByIds(db: Database, table: Table, ids: readonly number[]): Row[] {
  const { selectOne, selectMany } = textsOf(table);
  if (ids.length <= ONE_BY_ONE) {
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
  parameters.push(limit ?? -1, offset);
  return db.query(text).values(...(parameters as SQLQueryBindings[])) as Row[];
}

/**
 * A negated condition holds for NULL, as for any other value: NULL is not equal to 7, not in [7], not like "a%". SQL
 * would give NULL for all three. Writes the condition, and adds its parameters.
 */
function conditionSql({ column, operator, value }: Condition, parameters: ColumnValue[]): string {
  const name = identifier(column);
  if (Array.isArray(value)) return listConditionSql(name, operator, value, parameters);
  parameters.push(value as ColumnValue);
  if (operator === "=") return `${name} IS ?`;
  if (operator === "!=") return `${name} IS NOT ?`;
  if (operator === "not like") return `(${name} NOT LIKE ? OR ${name} IS NULL)`;
  return `${name} ${operator.toUpperCase()} ?`;
}

function listConditionSql(
  name: string,
  operator: Operator,
  list: readonly ColumnValue[],
  parameters: ColumnValue[],
): string {
  const values = list.filter((value) => value !== null);
  const withNull = values.length < list.length;
  const within = `${name} IN ${bindList(values, parameters)}`;
  if (operator === "in") return withNull ? `(${within} OR ${name} IS NULL)` : within;
  return withNull
    ? `(NOT ${within} AND ${name} IS NOT NULL)`
    : `(NOT ${within} OR ${name} IS NULL)`;
}

/** Binds the list as one parameter where JSON can carry it, otherwise one for each value. */
function bindList(values: readonly ColumnValue[], parameters: ColumnValue[]): string {
  if (values.every(survivesJson)) {
    parameters.push(JSON.stringify(values));
    return "(SELECT value FROM json_each(?))";
  }
  if (values.length > MOST_PARAMETERS) {
    throw new TqError(
      "invalid",
      `Cannot search for ${values.length} values of this kind at once; search for ${MOST_PARAMETERS} at a time`,
    );
  }
  parameters.push(...values);
  return `(${values.map(() => "?").join(", ")})`;
}

/** SQLite takes 32,766 parameters; the other clauses need some. */
const MOST_PARAMETERS = 30_000;

/** True where JSON keeps the value as it is: not for bytes, nor for integers beyond 2^53, which a parameter keeps. */
function survivesJson(value: ColumnValue): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) || !Number.isInteger(value);
  return typeof value === "string" || typeof value === "boolean";
}

export function insertValues(db: Database, table: Table, values: readonly ColumnValue[]): number {
  const statement = db.query(textsOf(table).insert);
  return Number(statement.run(...(values as SQLQueryBindings[])).lastInsertRowid);
}

export function updateColumns(
  db: Database,
  table: Table,
  id: number,
  changes: readonly Change[],
): Updated {
  if (changes.length === 0) return "ok";
  const parameters: ColumnValue[] = [];
  let shape = "";
  for (const { column, value } of changes) {
    parameters.push(value);
    shape += `${column}\0`;
  }
  parameters.push(id);
  for (const change of changes) {
    if (change.before === undefined) continue;
    parameters.push(change.before);
    shape += `\0${change.column}`;
  }
  const { updates } = textsOf(table);
  let text = updates.get(shape);
  if (text === undefined) updates.set(shape, (text = updateText(table, changes)));
  if (db.query(text).run(...(parameters as SQLQueryBindings[])).changes > 0) return "ok";
  return selectByIds(db, table, [id]).length > 0 ? "changed" : "gone";
}

function updateText(table: Table, changes: readonly Change[]): string {
  const set = changes.map(({ column }) => `${identifier(column)} = ?`).join(", ");
  const guarded = changes.filter(({ before }) => before !== undefined);
  const guards = guarded.map(({ column }) => ` AND ${identifier(column)} IS ?`).join("");
  return `UPDATE ${identifier(table.name)} SET ${set} WHERE id = ?${guards}`;
}

export function deleteByIds(db: Database, table: Table, ids: readonly number[]): void {
  db.query(
    `DELETE FROM ${identifier(table.name)} WHERE id IN (SELECT value FROM json_each(?))`,
  ).run(JSON.stringify(ids));
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

/** True when the table exists with every column, and `makeTable` has nothing to do. */
export function tableIsComplete(db: Database, table: Table): boolean {
  const columns = columnsOf(db, table);
  checkColumns(table, columns);
  return columns.size > 0 && table.columns.every(({ name }) => columns.has(name.toLowerCase()));
}

/** Makes the table, or adds the columns that it lacks. */
export function makeTable(db: Database, table: Table): void {
  const existing = columnsOf(db, table);
  checkColumns(table, existing); // again: another process may have made the table since
  if (existing.size === 0) {
    const columns = table.columns.map(({ name, type }) => `, ${identifier(name)} ${type}`).join("");
    db.run(
      `CREATE TABLE ${identifier(table.name)} (id INTEGER PRIMARY KEY AUTOINCREMENT${columns})`,
    );
    return;
  }
  for (const { name, type } of table.columns) {
    if (!existing.has(name.toLowerCase())) {
      db.run(`ALTER TABLE ${identifier(table.name)} ADD COLUMN ${identifier(name)} ${type}`);
    }
  }
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
