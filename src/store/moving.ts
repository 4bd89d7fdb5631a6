/** Moves a queue, with the tables of its models, from one database into another: what both ends must do. */
import { TqError } from "../errors.ts";
import type { Column, ColumnValue, Table } from "./records.ts";

/**
 * The tables of tq that move, by the names that they have behind `tq__` or `tq.`: all but those of living programs. Alerts come
 * after the tasks, whose failures they would note again. What a webhook has to tell moves as a row for each end: a server
 * keeps these, and a file the place up to which all is told.
 */
export const MOVED_TABLES = [
  "task",
  "error",
  "attempt",
  "output",
  "cron",
  "cron_slot",
  "cron_zone",
  "share",
  "pause",
  "pause_end",
  "follow_up",
  "statistic",
  "total",
  "token",
  "ended_session",
  "push_key",
  "redaction",
  "mode",
  "alert",
  "alert_origin",
  "untold",
  "webhook",
  "webhook_origin",
  "webhook_end",
] as const;

export type OwnTable = (typeof MOVED_TABLES)[number];

/** Each database has patterns in a form of its own: what moves is a list in JSON, as users write them. */
const PATTERN_COLUMNS: Partial<Record<string, readonly string[]>> = {
  alert: ["queues", "tasks"],
};

/** Changes the patterns of a row, where this table of tq has some. */
export function withPatterns(
  row: MovedRow,
  table: string,
  change: (patterns: readonly string[]) => unknown,
): Readonly<Record<string, unknown>> {
  const columns = PATTERN_COLUMNS[table] ?? [];
  const changed = columns.map((column) => {
    return [column, change(JSON.parse(String(row[column])) as string[])] as const;
  });
  return { ...row, ...Object.fromEntries(changed) };
}

/** Column names and their values, in the words of both databases. */
export type MovedRow = Readonly<Record<string, ColumnValue>>;

/** A table of the user's that tq cannot move, and why. */
export interface UnmovableTable {
  readonly name: string;
  readonly why: string;
}

export interface MoveSource extends AsyncDisposable {
  readonly name: string;
  /** By this number a server's database is known again under another name; null: it is a file. */
  readonly mark: number | null;
  /** The tables of models: those that have an id, and columns of the types that tq gives. */
  readonly tables: readonly Table[];
  readonly unmovable: readonly UnmovableTable[];
  /** Names the additions of a person to these tables, or beside them: indexes, triggers, views. tq does not make them. */
  extras(tables: readonly string[]): Promise<readonly string[]>;
  /** How many rows a table has; of the tasks by state and queue. */
  count(table: string, isOwn: boolean): Promise<Counts>;
  /** All rows, in parts. */
  rows(table: string, isOwn: boolean): AsyncIterable<readonly MovedRow[]>;
  /** The last id that each table has given: the next ones are higher, also where the last ones were deleted. */
  lastIds(): Promise<ReadonlyMap<string, number>>;
  /** Every tq refuses this database from now on, and says where the queue is; plain SQL writes neither there nor to these tables. */
  leave(target: string, tables: readonly string[]): Promise<void>;
  /** Takes `leave` back. */
  stay(): Promise<void>;
}

export interface MoveTarget extends AsyncDisposable {
  readonly name: string;
  /** Makes the tables of models. */
  makeTables(tables: readonly Table[]): Promise<void>;
  /** Empties a table of tq: a new schema has rows in some. */
  empty(table: OwnTable): Promise<void>;
  insert(table: string, isOwn: boolean, rows: readonly MovedRow[]): Promise<void>;
  count(table: string, isOwn: boolean): Promise<Counts>;
  giveIdsAfter(last: ReadonlyMap<string, number>): Promise<void>;
  commit(): Promise<void>;
}

/** How many rows there are, by what they are. */
export type Counts = Readonly<Record<string, number>>;

export interface Moved {
  readonly from: string;
  readonly to: string;
  readonly tasks: number;
  /** The rows of each table of a model. */
  readonly tables: Readonly<Record<string, number>>;
  /** The tables that stay where they were. */
  readonly left: readonly string[];
  /** Indexes, constraints, triggers, views and rights of the user's: they are to be made again in the other database. */
  readonly not_made: readonly string[];
}

/**
 * Moves all, or nothing.
 *
 * @param leave the tables that are to stay where they are.
 * @param isCopy true: the source stays in use.
 * @throws TqError "conflict" where a table of the user's can neither move nor was named to stay
 */
export async function moveQueue(
  source: MoveSource,
  target: MoveTarget,
  leave: readonly string[],
  isCopy = false,
): Promise<Moved> {
  refuseUnmovable(source, leave);
  const tables = source.tables.filter(({ name }) => !leave.includes(name));
  const names = tables.map(({ name }) => name);
  let rows: Readonly<Record<string, number>>;
  let not_made: readonly string[];
  let hasLeft = false;
  try {
    rows = await copyTables(source, target, tables);
    not_made = await source.extras(names);
    if (!isCopy) await source.leave(target.name, names);
    hasLeft = !isCopy;
    await target.commit();
  } catch (error) {
    // Where it is uncertain what became of the commit, two queues that both run would be worse than none.
    if (hasLeft && !(error instanceof TqError && error.code === "uncertain")) await source.stay();
    throw isCopy ? error : nothingMoved(error);
  }
  const { "tq.task": tasks = 0 } = rows;
  const moved = tables.map(({ name }) => [name, rows[name] ?? 0] as const);
  const left = [...source.unmovable, ...source.tables]
    .map(({ name }) => name)
    .filter((name) => leave.includes(name));
  const { name: from } = source;
  return { from, to: target.name, tasks, tables: Object.fromEntries(moved), left, not_made };
}

/** @returns how many rows each table has */
async function copyTables(
  source: MoveSource,
  target: MoveTarget,
  tables: readonly Table[],
): Promise<Readonly<Record<string, number>>> {
  await target.makeTables(tables);
  const all: readonly (readonly [string, boolean])[] = [
    ...MOVED_TABLES.map((name) => [name, true] as const),
    ...tables.map(({ name }) => [name, false] as const),
  ];
  for (const [name, isOwn] of all) {
    if (isOwn) await target.empty(name as OwnTable);
    for await (const rows of source.rows(name, isOwn)) await target.insert(name, isOwn, rows);
  }
  await target.giveIdsAfter(await source.lastIds());
  const counted = await Promise.all(all.map((one) => compare(source, target, ...one)));
  return Object.fromEntries(
    all.map(([name, isOwn], at) => [isOwn ? `tq.${name}` : name, counted[at] ?? 0]),
  );
}

/** A connection that was lost, a full disk, a lock or a right is no fault of what is to move. */
const OF_A_DATABASE: ReadonlySet<string> = new Set(["busy", "full", "database"]);

/** Says of an error of a database that both are as they were. */
function nothingMoved(error: unknown): unknown {
  const isOfDatabase = error instanceof TqError && OF_A_DATABASE.has(error.code);
  if (!isOfDatabase || error.cause === undefined) return error; // one of tq's own says so itself
  const sentence = error.message.endsWith("?") ? error.message : `${error.message}.`;
  const advice = "Nothing was moved: run it again once that is mended";
  return new TqError(error.code, `${sentence} ${advice}`, { cause: error });
}

function refuseUnmovable({ name, unmovable, tables }: MoveSource, leave: readonly string[]): void {
  const stuck = unmovable.filter((table) => !leave.includes(table.name));
  if (stuck.length > 0) {
    const list = stuck.map((table) => `${table.name} (${table.why})`);
    throw new TqError(
      "conflict",
      `Cannot move ${name}: tq did not make its ${stuck.length === 1 ? "table" : "tables"} ${list.join(", ")}; move them yourself, and say --leave ${stuck.map((table) => table.name).join(",")}`,
    );
  }
  const known = new Set([...unmovable, ...tables].map((table) => table.name));
  const wrong = leave.find((one) => !known.has(one));
  if (wrong !== undefined) {
    throw new TqError("invalid", `Cannot leave the table ${wrong}: ${name} has none of this name`);
  }
}

/** @returns how many rows the table has. @throws TqError "database" where both ends differ */
async function compare(
  source: MoveSource,
  target: MoveTarget,
  name: string,
  isOwn: boolean,
): Promise<number> {
  const [before, after] = [await source.count(name, isOwn), await target.count(name, isOwn)];
  if (!Bun.deepEquals(before, after)) {
    throw new TqError(
      "database",
      `Cannot move ${source.name}: of the table ${name} ${JSON.stringify(before)} rows were read, and ${JSON.stringify(after)} are in ${target.name}; nothing was moved`,
    );
  }
  return Object.values(after).reduce((sum, count) => sum + count, 0);
}

/** The types that tq gives columns. */
export const COLUMN_TYPES: ReadonlySet<string> = new Set<Column["type"]>([
  "TEXT",
  "INTEGER",
  "NUMERIC",
  "BLOB",
]);
