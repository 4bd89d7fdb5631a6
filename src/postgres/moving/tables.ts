/** The tables of a PostgreSQL database, as a move between databases sees them. */
import type { Counts, UnmovableTable } from "../../store/moving.ts";
import type { Column, ColumnValue, Table } from "../../store/records.ts";
import type { Connection } from "../connection.ts";
import { identifier, TYPES } from "../sql/table.ts";

export function nameOf(table: string, isOwn: boolean): string {
  return isOwn ? `tq.${identifier(table)}` : identifier(table);
}

/**
 * Columns of tq's own that a file does not have, and the SQL of what they are in a row that comes from one. A webhook from
 * a file wants all ends, until its first worker says what it wants.
 */
export const ONLY_HERE: Readonly<Partial<Record<string, Readonly<Record<string, string>>>>> = {
  cron: { left_at: "NULL::bigint" },
  webhook: { states: "'{}'::text[]", queues: "'{}'::text[]", tasks: "'{}'::text[]" },
  webhook_end: { id: "nextval(pg_get_serial_sequence('tq.ended', 'id'))" },
};

interface ColumnInfo {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly isKey: boolean;
  /** The SQL of its default; that of an id is none. */
  readonly initial: string | null;
}

const USER_COLUMNS = `
  SELECT relname AS table, attname AS name, format_type(atttypid, NULL) AS type,
         coalesce((SELECT attnum = ALL (indkey) FROM pg_index WHERE indrelid = pg_class.oid AND indisprimary), false) AS "isKey",
         pg_get_expr(adbin, adrelid) AS initial
    FROM pg_class
    JOIN pg_namespace ON relnamespace = pg_namespace.oid
    LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = pg_class.oid AND adnum = attnum
   WHERE relkind IN ('r', 'p') AND nspname = current_schema()
   ORDER BY relname, attnum`;

/** The type of a model's column, by that of PostgreSQL. */
const TYPE_OF = new Map(
  Object.entries(TYPES).flatMap(([type, names]) =>
    names.map((name) => [name as string, type as Column["type"]]),
  ),
);

export async function userTables(
  db: Connection,
): Promise<{ tables: Table[]; unmovable: UnmovableTable[] }> {
  const tables: Table[] = [];
  const unmovable: UnmovableTable[] = [];
  const all = await db.all<ColumnInfo>(USER_COLUMNS);
  for (const [name, columns] of Map.groupBy(all, ({ table }) => table)) {
    const others = columns.filter((column) => column.name !== "id");
    const id = columns.find((column) => column.name === "id");
    const odd = others.find(({ type }) => !TYPE_OF.has(type));
    if (id?.type !== "bigint" || !id.isKey) {
      unmovable.push({ name, why: "it has no column id bigint PRIMARY KEY" });
    } else if (odd) unmovable.push({ name, why: `its column ${odd.name} is ${odd.type}` });
    else {
      const all = others.map((column) => columnOf(db, column));
      tables.push({ name, columns: await Promise.all(all) });
    }
  }
  return { tables, unmovable };
}

/** Rows that plain SQL inserts have the default of the model's field. */
async function columnOf(db: Connection, { name, type, initial }: ColumnInfo): Promise<Column> {
  const known = TYPE_OF.get(type) ?? "TEXT";
  if (initial === null) return { name, type: known };
  const as = known === "INTEGER" ? `(${initial})::float8` : initial;
  const row = await db.get<{ value: ColumnValue }>(`SELECT ${as} AS value`);
  return { name, type: known, initial: () => row?.value ?? null };
}

const EXTRAS = `
  SELECT 'the view ' || relname AS what FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
   WHERE relkind IN ('v', 'm') AND nspname = current_schema() AND relname NOT LIKE 'tq\\_%'
  UNION ALL
  SELECT 'the index ' || indexname || ' of ' || tablename FROM pg_indexes
   WHERE schemaname = current_schema() AND tablename = ANY ($1::text[])
     AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname AND contype = 'p')
  UNION ALL
  SELECT 'the trigger ' || tgname || ' of ' || relname FROM pg_trigger JOIN pg_class ON tgrelid = pg_class.oid
   WHERE NOT tgisinternal AND relname = ANY ($1::text[]) AND relnamespace = current_schema()::regnamespace
  UNION ALL
  SELECT 'the constraint ' || conname || ' of ' || relname FROM pg_constraint JOIN pg_class ON conrelid = pg_class.oid
   WHERE contype IN ('c', 'f', 'x') AND relname = ANY ($1::text[]) AND relnamespace = current_schema()::regnamespace
  UNION ALL
  SELECT 'the rule ' || rulename || ' of ' || tablename FROM pg_rules
   WHERE schemaname = current_schema() AND tablename = ANY ($1::text[])
  UNION ALL
  SELECT 'the policy ' || policyname || ' of ' || tablename FROM pg_policies
   WHERE schemaname = current_schema() AND tablename = ANY ($1::text[])
  UNION ALL
  SELECT 'the row level security of ' || relname FROM pg_class
   WHERE relrowsecurity AND relname = ANY ($1::text[]) AND relnamespace = current_schema()::regnamespace
  UNION ALL
  SELECT DISTINCT 'the rights of ' || coalesce(rolname, 'PUBLIC') || ' on '
                  || CASE nspname WHEN 'tq' THEN 'the schema tq' ELSE relname END
    FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
   CROSS JOIN aclexplode(relacl) AS granted LEFT JOIN pg_roles ON pg_roles.oid = grantee
   WHERE grantee <> relowner
     AND (nspname = 'tq' OR nspname = current_schema()
                            AND (relname = ANY ($1::text[]) OR relname LIKE 'tq\\_%' AND relkind = 'v'))
  ORDER BY what`;

export async function extrasOf(db: Connection, tables: readonly string[]): Promise<string[]> {
  return (await db.all<{ what: string }>(EXTRAS, [tables])).map(({ what }) => what);
}

const TASKS = `
  SELECT state || ' ' || queue AS what, count(*)::float8 AS rows FROM tq.task GROUP BY state, queue ORDER BY what`;

export async function countRows(db: Connection, table: string, isOwn: boolean): Promise<Counts> {
  const text =
    isOwn && table === "task"
      ? TASKS
      : `SELECT 'rows' AS what, count(*)::float8 AS rows FROM ${nameOf(table, isOwn)}`;
  const rows = await db.all<{ what: string; rows: number }>(text);
  return Object.fromEntries(rows.map(({ what, rows: count }) => [what, count]));
}

/** The sequences of ids: of tq's tables and of those of models. */
const SEQUENCES = `
  SELECT CASE nspname WHEN 'tq' THEN 'tq.' ELSE '' END || relname AS table, nspname AS schema, relname AS name,
         pg_get_serial_sequence(quote_ident(nspname) || '.' || quote_ident(relname), 'id') AS sequence
    FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
   WHERE relkind = 'r' AND nspname IN ('tq', current_schema())
     AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'id' AND attidentity <> '')`;

interface Sequence {
  readonly table: string;
  readonly sequence: string;
}

export async function lastIds(db: Connection): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (const { table, sequence } of await db.all<Sequence>(SEQUENCES)) {
    const row = await db.get<{ last: number | null }>(
      "SELECT pg_sequence_last_value($1::text::regclass)::float8 AS last",
      [sequence],
    );
    if (typeof row?.last === "number") ids.set(table, row.last);
  }
  return ids;
}

/** Also past the highest id: one may have been given by hand. */
export async function giveIdsAfter(
  db: Connection,
  last: ReadonlyMap<string, number>,
): Promise<void> {
  for (const { table, sequence } of await db.all<Sequence>(SEQUENCES)) {
    const isOwn = table.startsWith("tq.");
    const name = nameOf(isOwn ? table.slice(3) : table, isOwn);
    await db.get(
      `SELECT setval($1::text::regclass, highest) FROM (SELECT greatest($2::bigint, max(id)) AS highest FROM ${name}) AS ids WHERE highest > 0`,
      [sequence, last.get(table) ?? 0],
    );
  }
}
