/** Reads and writes the rows of ModelSQL tables. Statements are built from quoted names, once for each table. */
import {
  type Change,
  changedColumns,
  type ColumnValue,
  type Condition,
  type Row,
  type SearchOptions,
  type Updated,
} from "../../store/records.ts";
import type { Connection, SqlValue } from "../connection.ts";
import { comparedSql, conditionSql, typeOf } from "./conditions.ts";
import { unseen } from "./planned.ts";
import { numbersAsText } from "./text.ts";
import { identifier, type Shape, type SqlType } from "./table.ts";
import { received, written } from "./values.ts";

/** The texts of a table's statements. */
interface Texts {
  readonly select: string;
  readonly insert: string;
  readonly remove: string;
  /** UPDATE statements by the columns that they set and guard. */
  readonly updates: Map<string, string>;
}

const texts = new WeakMap<Shape, Texts>();

function textsOf(shape: Shape): Texts {
  let text = texts.get(shape);
  if (!text) {
    const { table, types } = shape;
    const name = identifier(table.name);
    const columns = table.columns.map((column) => identifier(column.name));
    const read = columns.map((column, index) => readSql(column, types[index]));
    const places = types.map((type, index) => `$${index + 1}::${type}`);
    text = {
      select: `SELECT ${["id::float8", ...read].join(", ")} FROM ${name}`,
      insert:
        columns.length === 0
          ? `INSERT INTO ${name} DEFAULT VALUES RETURNING id::float8 AS id`
          : `INSERT INTO ${name} (${columns.join(", ")}) VALUES (${places.join(", ")}) RETURNING id::float8 AS id`,
      remove: `DELETE FROM ${name} WHERE id = ANY ($1::bigint[])`,
      updates: new Map(),
    };
    texts.set(shape, text);
  }
  return text;
}

/** The driver gives a bigint as text; a boolean is 0 or 1 in the rows of every store. */
function readSql(column: string, type: SqlType | undefined): string {
  if (type === "bigint") return `${column}::float8`;
  return type === "boolean" ? `${column}::int` : column;
}

async function rowsOf(
  db: Connection,
  text: string,
  values: readonly SqlValue[],
  { types }: Shape,
): Promise<Row[]> {
  const { rows } = await db.lists(text, values);
  if (!types.includes("bytea")) return rows as unknown as Row[];
  return rows.map((row) => row.map(received));
}

/** In the order of the ids: transactions that lock the same rows wait for each other, and do not deadlock. */
const LOCKED = " ORDER BY id FOR UPDATE";

/** Reads the rows of these ids that exist, in the order of the ids. */
export async function selectByIds(
  db: Connection,
  shape: Shape,
  ids: readonly number[],
  lock: boolean,
): Promise<Row[]> {
  if (ids.length === 0) return [];
  const { select } = textsOf(shape);
  const [only] = ids;
  if (ids.length === 1 && only !== undefined) {
    return rowsOf(db, `${select} WHERE id = $1${lock ? " FOR UPDATE" : ""}`, [only], shape);
  }
  const text = `${select} WHERE id = ANY ($1::text::bigint[])${lock ? LOCKED : ""}`;
  const rows = await rowsOf(db, text, [numbersAsText(ids)], shape);
  const byId = new Map(rows.map((row) => [row[0], row]));
  return ids.map((id) => byId.get(id)).filter((row) => row !== undefined);
}

export function selectMatching(
  db: Connection,
  shape: Shape,
  conditions: readonly Condition[],
  { order = [], limit, offset = 0 }: SearchOptions,
  lock: boolean,
): Promise<Row[]> {
  const values: SqlValue[] = [];
  const bind = (value: SqlValue) => `$${values.push(value)}`;
  const where = conditions.map((condition) => conditionSql(shape, condition, bind)).join(" AND ");
  // NULL before all others, as on SQLite. The id comes last: rows that are equal otherwise have an order too.
  const by = order.map(
    ({ column, descending }) =>
      `${comparedSql(column, typeOf(shape, column))} ${descending ? "DESC NULLS LAST" : "ASC NULLS FIRST"}`,
  );
  const parts = [
    textsOf(shape).select,
    where && `WHERE ${where}`,
    `ORDER BY ${[...by, "id"].join(", ")}`,
    limit === undefined ? "" : `LIMIT ${bind(limit)}::bigint`,
    offset === 0 ? "" : `OFFSET ${bind(offset)}::bigint`,
    lock ? "FOR UPDATE" : "",
  ];
  return rowsOf(db, parts.filter(Boolean).join(" "), values, shape);
}

export async function insertValues(
  db: Connection,
  shape: Shape,
  values: readonly ColumnValue[],
): Promise<number> {
  const { table, types } = shape;
  const bound = table.columns.map(({ name }, index) =>
    written(table, name, types[index] ?? "text", values[index] ?? null),
  );
  const row = await guarded(db, shape, () => db.get<{ id: number }>(textsOf(shape).insert, bound));
  if (!row) throw new Error(`The table ${table.name} keeps no row of an INSERT`); // a trigger of the user's
  return row.id;
}

/** How often an update looks again where the row changed back between its two statements. */
const MOST_TRIES = 3;

/** @param read changes the row only while its columns still hold this; null: in any case. */
export async function updateColumns(
  db: Connection,
  shape: Shape,
  id: number,
  changes: readonly Change[],
  read: Row | null,
): Promise<Updated> {
  if (changes.length === 0) return "ok";
  const { table } = shape;
  const save = saveOf(shape, id, changes, read);
  const values = [id, ...save.values];
  const update = textOf(save, "", updateText);
  for (let tries = 1; ; tries++) {
    if ((await guarded(db, shape, () => db.run(update, values))) > 0) return "ok";
    const [row] = await selectByIds(db, shape, [id], false);
    if (!row) return "gone";
    const changed = changedColumns(table, read ?? row, row);
    if (changed.length > 0 || tries === MOST_TRIES) return { changed };
  }
}

/** A save of one row, with its values as they are sent. */
export interface Save {
  readonly shape: Shape;
  readonly id: number;
  readonly changed: readonly string[];
  /** The columns that must hold what was read. */
  readonly compared: readonly string[];
  /** Those of the columns that are changed, then of those that are compared. */
  readonly values: readonly SqlValue[];
}

/** @throws TqError "invalid" for a value that PostgreSQL cannot store. */
export function saveOf(
  shape: Shape,
  id: number,
  changes: readonly Change[],
  read: Row | null,
): Save {
  const { table, types } = shape;
  const changed: string[] = [];
  const compared: string[] = [];
  const values: SqlValue[] = [];
  for (const { column, value } of changes) {
    changed.push(column);
    values.push(written(table, column, typeOf(shape, column), value));
  }
  if (read === null) return { shape, id, changed, compared, values };
  for (const [index, { name }] of table.columns.entries()) {
    const value = read[index + 1] ?? null; // the id comes first
    const type = types[index] ?? "text";
    // JavaScript does not hold it exactly: it cannot be compared.
    if (type === "bigint" && typeof value === "number" && !Number.isSafeInteger(value)) continue;
    compared.push(name);
    values.push(written(table, name, type, value));
  }
  return { shape, id, changed, compared, values };
}

/** The text of a statement for such saves, which is made once. @param kind tells texts of the same columns apart */
export function textOf(save: Save, kind: string, make: (save: Save) => string): string {
  const { updates } = textsOf(save.shape);
  const key = `${kind}${save.changed.join("\0")}\0\0${save.compared.join("\0")}`;
  let text = updates.get(key);
  if (text === undefined) updates.set(key, (text = make(save)));
  return text;
}

function updateText({ shape, changed, compared }: Save): string {
  let at = 1; // the id
  const place = (column: string) => `$${++at}::${typeOf(shape, column)}`;
  const set = changed.map((column) => `${identifier(column)} = ${place(column)}`).join(", ");
  const guards = compared.map(
    (name) => ` AND ${identifier(name)} IS NOT DISTINCT FROM ${place(name)}`,
  );
  return `UPDATE ${identifier(shape.table.name)} SET ${set} WHERE id = $1${guards.join("")}`;
}

/** Fails where a row no longer holds what was read. Parameters: $1 the ids, then a list for each value of a save. */
export function updateManyText({ shape, changed, compared }: Save): string {
  const given = [...changed, ...compared];
  const lists = given.map((column, index) => `$${index + 2}::${listType(typeOf(shape, column))}`);
  const names = given.map((_, index) => `value_${index}`);
  const set = changed.map((column, index) => `${identifier(column)} = given.value_${index}`);
  const guards = compared.map(
    (column, index) =>
      ` AND saved.${identifier(column)} IS NOT DISTINCT FROM given.value_${changed.length + index}`,
  );
  return `
    WITH done AS (
      UPDATE ${identifier(shape.table.name)} AS saved
         SET ${set.join(", ")}
        FROM unnest(${[unseen("$1::text::bigint[]"), ...lists].join(", ")}) AS given (${["id", ...names].join(", ")})
       WHERE saved.id = given.id${guards.join("")}
      RETURNING 1)
    SELECT tq.hold(count(*) = cardinality($1::text::bigint[])) FROM done`;
}

function listType(type: SqlType): string {
  return type === "text" ? "text[]" : `text::${type}[]`;
}

/** The values of such saves, in the order of the ids: two that write the same rows then wait, and do not deadlock. */
export function listsOf(saves: readonly Save[]): SqlValue[] {
  const sorted = saves.toSorted((a, b) => a.id - b.id);
  const lists: SqlValue[] = [numbersAsText(sorted.map(({ id }) => id))];
  const [first] = sorted;
  if (!first) return lists;
  for (const [index, column] of [...first.changed, ...first.compared].entries()) {
    const list = sorted.map(({ values }) => (values[index] ?? null) as string | number | null);
    lists.push(typeOf(first.shape, column) === "text" ? list : numbersAsText(list));
  }
  return lists;
}

export async function deleteByIds(
  db: Connection,
  shape: Shape,
  ids: readonly number[],
): Promise<void> {
  await guarded(db, shape, () => db.run(textsOf(shape).remove, [ids]));
}

/**
 * Writes to a table whose rules may refuse it so that the transaction goes on all the same, as on SQLite: behind a
 * savepoint, which shares the round trip.
 */
async function guarded<T>(
  db: Connection,
  { hasRules }: Shape,
  write: () => Promise<T>,
): Promise<T> {
  if (!hasRules) return write();
  const sent = [db.step("saveRow"), write(), db.step("releaseRow")] as const;
  const [, end] = await Promise.allSettled(sent);
  if (end.status === "fulfilled") return end.value;
  await db.command("ROLLBACK TO tq_row; RELEASE tq_row");
  throw end.reason;
}
