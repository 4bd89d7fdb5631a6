/** Notes which rows the transactions of a connection touch, by temporary triggers that no other connection has. */
import type { Database } from "bun:sqlite";
import { identifier } from "./table.ts";

/** A table whose touched rows are noted. */
export interface WatchedTable {
  readonly name: string;
  /** The columns that tell its rows apart; one is the row's id, where it has one. */
  readonly keys: readonly string[];
  /** The temporary table of the notes. */
  readonly notes: string;
}

const TABLES = `
  SELECT name, wr AS withoutRowid
    FROM pragma_table_list
   WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'`;

interface TableInfo {
  readonly name: string;
  readonly withoutRowid: 0 | 1;
}

/** Without SQLite's own and those of tq, but for the tasks. */
export function userTables(db: Database): TableInfo[] {
  const all = db.query(TABLES).all() as TableInfo[];
  return all.filter(({ name }) => name === TASKS || !name.toLowerCase().startsWith("tq__"));
}

export const TASKS = "tq__task";

/** Makes the triggers. A table that takes none, such as one of an extension that is not loaded, is left out. */
export function watchTables(db: Database): WatchedTable[] {
  return userTables(db).flatMap((table, index) => watch(db, table, `tq_touched_${index}`) ?? []);
}

function watch(db: Database, table: TableInfo, notes: string): WatchedTable | null {
  const keys = keysOf(db, table);
  if (keys === null) return null;
  const watched = { name: table.name, keys, notes };
  try {
    db.run(`CREATE TEMP TABLE ${notes} (${keys.map((_, at) => `k${at}`).join()})`);
    for (const sql of triggersOf(db, watched)) db.run(sql);
    return watched;
  } catch {
    return null;
  }
}

interface ColumnInfo {
  readonly name: string;
  readonly pk: number;
}

function keysOf(db: Database, { name, withoutRowid }: TableInfo): string[] | null {
  const columns = db.query("SELECT name, pk FROM pragma_table_xinfo(?)").all(name) as ColumnInfo[];
  if (withoutRowid === 1) {
    return columns
      .filter(({ pk }) => pk > 0)
      .toSorted((a, b) => a.pk - b.pk)
      .map((column) => column.name);
  }
  const names = new Set(columns.map((column) => column.name.toLowerCase()));
  const free = ["_rowid_", "rowid", "oid"].find((alias) => !names.has(alias));
  return free === undefined ? null : [free];
}

function triggersOf(db: Database, table: WatchedTable): string[] {
  const on = identifier(table.name);
  const note = (row: "OLD" | "NEW") =>
    `INSERT INTO ${table.notes} VALUES (${table.keys.map((key) => `${row}.${identifier(key)}`).join()});`;
  const make = (name: string, when: string, body: string) =>
    `CREATE TEMP TRIGGER ${table.notes}_${name} ${when} ON main.${on} BEGIN ${body} END`;
  const replaced = replacedRows(db, table);
  const unique = replaced.columns.map(identifier).join();
  return [
    make("insert", "AFTER INSERT", note("NEW")),
    make("update", "AFTER UPDATE", note("OLD") + note("NEW")),
    make("delete", "AFTER DELETE", note("OLD")),
    ...(unique === ""
      ? []
      : [
          make("or_insert", "BEFORE INSERT", replaced.note),
          make("or_update", `BEFORE UPDATE OF ${unique}`, replaced.note),
        ]),
  ];
}

const UNIQUES = `
  SELECT list.name AS "index", info.name AS column
    FROM pragma_index_list(?) AS list, pragma_index_info(list.name) AS info
   WHERE list."unique" = 1`;

/** `INSERT OR REPLACE` deletes the rows with the same unique values, and calls no trigger for them. */
function replacedRows(db: Database, { name, keys, notes }: WatchedTable) {
  const all = db.query(UNIQUES).all(name) as { index: string; column: string | null }[];
  const uniques = [...Map.groupBy(all, ({ index }) => index).values()].flatMap((columns) => {
    const names = columns.flatMap(({ column }) => column ?? []);
    return names.length === columns.length ? [names] : []; // an index of an expression is left out
  });
  const selected = keys.map(identifier).join();
  const statements = uniques.map((columns) => {
    const same = columns.map((column) => `${identifier(column)} = NEW.${identifier(column)}`);
    return `INSERT INTO ${notes} SELECT ${selected} FROM ${identifier(name)} WHERE ${same.join(" AND ")};`;
  });
  return { columns: [...new Set(uniques.flat())], note: statements.join(" ") };
}

/**
 * The keys of the rows that were touched, each once; they may stand as before.
 *
 * @param last the last id that counts; null: all do.
 */
export function touchedKeys(
  db: Database,
  { notes, keys }: WatchedTable,
  limit: number,
  last: number | null,
): { readonly keys: unknown[][]; readonly count: number } {
  const columns = keys.map((_, at) => `k${at}`).join();
  const which = last === null ? "" : `WHERE k0 <= ${last}`;
  const distinct = `SELECT DISTINCT ${columns} FROM temp.${notes} ${which}`;
  const counted = db.query(`SELECT count(*) AS count FROM (${distinct})`).get();
  return {
    keys: db.query(`${distinct} LIMIT ${limit}`).values(),
    count: (counted as { count: number }).count,
  };
}
