/** The tables of a database file, as a move between databases sees them. */
import type { Database } from "bun:sqlite";
import type { Counts, UnmovableTable } from "../../store/moving.ts";
import { COLUMN_TYPES } from "../../store/moving.ts";
import type { Column, ColumnValue, Table } from "../../store/records.ts";
import { identifier } from "../sql/table.ts";
import { UNTOLD_ENDS, WEBHOOKS } from "./webhooks.ts";

/** The SQL name of a table, of tq's own or of a model. */
export function nameOf(table: string, isOwn: boolean): string {
  return identifier(isOwn ? `tq__${table}` : table);
}

const USER_TABLES = `
  SELECT name FROM sqlite_schema
   WHERE type = 'table' AND name NOT GLOB 'tq__*' AND name NOT GLOB 'sqlite_*' ORDER BY name`;

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  /** The SQL of its default. */
  readonly dflt_value: string | null;
  readonly pk: number;
  readonly hidden: number;
}

export interface UserTables {
  readonly tables: readonly Table[];
  readonly unmovable: readonly UnmovableTable[];
}

export function userTables(db: Database): UserTables {
  const tables: Table[] = [];
  const unmovable: UnmovableTable[] = [];
  for (const { name } of db.query(USER_TABLES).all() as { name: string }[]) {
    const info = db.query(`PRAGMA table_xinfo(${identifier(name)})`).all() as ColumnInfo[];
    const columns = info.map((column) => ({
      ...column,
      pk: Number(column.pk),
      type: column.type.toUpperCase(),
    }));
    const why = whyUnmovable(columns);
    if (why !== null) unmovable.push({ name, why });
    else {
      const others = columns.filter((column) => column.name !== "id");
      tables.push({ name, columns: others.map((column) => columnOf(db, column)) });
    }
  }
  return { tables, unmovable };
}

/** Rows that plain SQL inserts have the default of the model's field. */
function columnOf(db: Database, { name, type, dflt_value }: ColumnInfo): Column {
  const column = { name, type: type as Column["type"] };
  if (dflt_value === null) return column;
  const { value } = db.query(`SELECT (${dflt_value}) AS value`).get() as { value: ColumnValue };
  return { ...column, initial: () => value };
}

interface SchemaRow {
  readonly type: string;
  readonly name: string;
  readonly table: string;
  readonly sql: string | null;
}

const EXTRAS = `
  SELECT type, name, tbl_name AS "table", sql FROM sqlite_schema
   WHERE name NOT GLOB 'tq_*' AND sql IS NOT NULL ORDER BY type, name`;

/** Rules in the text of a table that tq never writes. */
const RULES = /\b(?:CHECK|REFERENCES|UNIQUE|NOT\s+NULL|GENERATED|COLLATE)\b/i;

export function extrasOf(db: Database, tables: readonly string[]): string[] {
  const rows = db.query(EXTRAS).all() as SchemaRow[];
  return rows.flatMap(({ type, name, table, sql }) => {
    if (type === "view") return [`the view ${name}`];
    if (!tables.includes(table)) return [];
    if (type !== "table") return [`the ${type} ${name} of ${table}`];
    const rules = (sql ?? "").match(new RegExp(RULES, "gi")) ?? [];
    const named = [...new Set(rules.map((rule) => rule.toUpperCase().replace(/\s+/, " ")))];
    return named.length === 0 ? [] : [`the constraints of ${table} (${named.join(", ")})`];
  });
}

function whyUnmovable(columns: readonly ColumnInfo[]): string | null {
  const id = columns.find(({ name }) => name === "id");
  if (id?.pk !== 1 || id.type !== "INTEGER") return "it has no column id INTEGER PRIMARY KEY";
  const odd = columns.find(({ type, hidden }) => !COLUMN_TYPES.has(type) || Number(hidden) !== 0);
  return odd ? `its column ${odd.name} is ${odd.type || "without type"}` : null;
}

/** Values that one of both databases keeps in another form: read as the other one has them. */
const READ: Readonly<Record<string, string>> = { "error.code": "json_quote(code)" };
const WRITTEN: Readonly<Record<string, string>> = { "error.code": "json_extract(?, '$')" };

/** Tables of tq's own that a server has in another form. */
const READ_TABLES: Readonly<Partial<Record<string, string>>> = {
  webhook: WEBHOOKS,
  webhook_end: UNTOLD_ENDS,
};

export function selectAll(db: Database, table: string, isOwn: boolean): string {
  const read = isOwn ? READ_TABLES[table] : undefined;
  if (read !== undefined) return read;
  const columns = columnsOf(db, table, isOwn).map((column) => {
    const read = isOwn ? READ[`${table}.${column}`] : undefined;
    return read === undefined ? identifier(column) : `${read} AS ${identifier(column)}`;
  });
  return `SELECT ${columns.join(", ")} FROM ${nameOf(table, isOwn)}`;
}

export function insertInto(table: string, isOwn: boolean, columns: readonly string[]): string {
  const places = columns.map(
    (column) => (isOwn ? WRITTEN[`${table}.${column}`] : undefined) ?? "?",
  );
  const names = columns.map(identifier).join(", ");
  return `INSERT INTO ${nameOf(table, isOwn)} (${names}) VALUES (${places.join(", ")})`;
}

function columnsOf(db: Database, table: string, isOwn: boolean): string[] {
  const rows = db.query(`PRAGMA table_info(${nameOf(table, isOwn)})`).all() as ColumnInfo[];
  return rows
    .map(({ name }) => name)
    .filter((name) => !(isOwn && name === "id" && table === "output"));
}

const TASKS =
  "SELECT state || ' ' || queue AS what, count(*) AS rows FROM tq__task GROUP BY state, queue ORDER BY what";

export function countRows(db: Database, table: string, isOwn: boolean): Counts {
  const read = isOwn ? READ_TABLES[table] : undefined;
  const all = read === undefined ? nameOf(table, isOwn) : `(${read})`;
  const text =
    isOwn && table === "task" ? TASKS : `SELECT 'rows' AS what, count(*) AS rows FROM ${all}`;
  const rows = db.query(text).all() as { what: string; rows: number | bigint }[];
  return Object.fromEntries(rows.map(({ what, rows: count }) => [what, Number(count)]));
}

const LAST_IDS = "SELECT name, seq FROM sqlite_sequence";

export function lastIds(db: Database): Map<string, number> {
  const rows = db.query(LAST_IDS).all() as { name: string; seq: number | bigint }[];
  return new Map(rows.map(({ name, seq }) => [name.replace(/^tq__/, "tq."), Number(seq)]));
}

const SET_LAST = "UPDATE sqlite_sequence SET seq = max(seq, ?2) WHERE name = ?1";
const ADD_LAST = `
  INSERT INTO sqlite_sequence (name, seq) SELECT ?1, ?2
   WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?1)
     AND EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1 AND sql LIKE '%AUTOINCREMENT%')`;

export function giveIdsAfter(db: Database, last: ReadonlyMap<string, number>): void {
  for (const [name, id] of last) {
    const table = name.replace(/^tq\./, "tq__");
    db.query(SET_LAST).run(table, id);
    db.query(ADD_LAST).run(table, id);
  }
}
