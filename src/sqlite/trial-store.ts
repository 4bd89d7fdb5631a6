/** The store of a trial on SQLite: nothing that it writes is committed. */
import type { Database } from "bun:sqlite";
import { TqError } from "../errors.ts";
import type { Session } from "../store/session.ts";
import type { RowChange, TrialChanges, TrialRow, TrialStore } from "../store/trial.ts";
import type { Task } from "../task.ts";
import type { SqliteOptions } from "./database.ts";
import type { SqliteSession } from "./session.ts";
import { getTask } from "./sql/looking.ts";
import { identifier } from "./sql/table.ts";
import {
  TASKS,
  touchedKeys,
  userTables,
  type WatchedTable,
  watchTables,
} from "./sql/touched-rows.ts";
import { SqliteStore } from "./store.ts";

const NONE: TrialChanges = {
  rows: [],
  more: 0,
  created: [],
  dropped: [],
  pushed: [],
  morePushed: 0,
};

/** Texts of a row are cut to so many characters. */
const MOST_CHARACTERS = 10_000;

export class SqliteTrialStore extends SqliteStore implements TrialStore {
  readonly #watched: readonly WatchedTable[];
  #hasRefused = false;

  constructor(options: SqliteOptions) {
    super(options);
    this.#watched = watchTables(this.connections.writer);
  }

  get hasRefused(): boolean {
    return this.#hasRefused;
  }

  protected override beforeCommit(): never {
    this.#hasRefused = true;
    throw new TqError(
      "conflict",
      "Cannot commit: this is a trial, and what it writes is rolled back",
    );
  }

  async changes(session: Session, limit: number): Promise<TrialChanges> {
    if (!session.writing) return NONE;
    return (session as SqliteSession).runStatements((db) => this.#changes(db, limit));
  }

  /** The reader shows the database as it was: no other writes while the transaction holds the lock. */
  #changes(db: Database, limit: number): TrialChanges {
    const { reader } = this.connections;
    const [before, after] = [namesOf(reader), namesOf(db)];
    const last = lastTask(reader);
    const rows: RowChange[] = [];
    let more = 0;
    for (const table of this.#watched) {
      if (!after.has(table.name)) continue;
      const { keys, count } = touchedKeys(db, table, limit, table.name === TASKS ? last : null);
      more += count - keys.length;
      for (const key of keys) {
        const change = changeOf(table, key, rowOf(reader, table, key), rowOf(db, table, key));
        if (change) rows.push(change);
      }
    }
    const created = [...after].filter((name) => !before.has(name));
    for (const name of created) {
      const all = newRows(db, name, limit);
      rows.push(...all.rows);
      more += all.more;
    }
    const dropped = [...before].filter((name) => !after.has(name));
    return { rows, more, created, dropped, ...pushedAfter(db, last, limit) };
  }
}

function namesOf(db: Database): Set<string> {
  return new Set(userTables(db).map(({ name }) => name));
}

const LAST_TASK = "SELECT coalesce(max(id), 0) AS id FROM tq__task";

function lastTask(db: Database): number {
  return (db.query(LAST_TASK).get() as { id: number }).id;
}

const PUSHED = "SELECT id FROM tq__task WHERE id > $last ORDER BY id LIMIT $limit";
const COUNT_PUSHED = "SELECT count(*) AS count FROM tq__task WHERE id > $last";

function pushedAfter(
  db: Database,
  last: number,
  limit: number,
): Pick<TrialChanges, "pushed" | "morePushed"> {
  const ids = db.query(PUSHED).all({ last, limit }) as { id: number }[];
  const pushed = ids.flatMap(({ id }): Task | [] => getTask(db, id, 0) ?? []); // just pushed: none has expired
  const { count } = db.query(COUNT_PUSHED).get({ last }) as { count: number };
  return { pushed, morePushed: count - ids.length };
}

type StoredRow = Record<string, unknown>;

/** Tasks are shown as in the view that users see. */
const shownName = (name: string): string => (name === TASKS ? "tq_tasks" : name);

function rowOf(db: Database, { name, keys }: WatchedTable, key: readonly unknown[]) {
  const [from, by] = name === TASKS ? ["tq_tasks", ["id"]] : [name, keys];
  const where = by.map((column, at) => `${identifier(column)} IS ?${at + 1}`).join(" AND ");
  const sql = `SELECT * FROM ${identifier(from)} WHERE ${where}`;
  using statement = db.prepare(sql);
  return statement.safeIntegers(true).get(...(key as string[])) as StoredRow | null;
}

function changeOf(
  { name }: Pick<WatchedTable, "name">,
  key: readonly unknown[],
  before: StoredRow | null,
  after: StoredRow | null,
): RowChange | null {
  const place = { table: shownName(name), id: idOf(key) };
  if (before && after) {
    const columns = Object.keys(after).filter(
      (column) => !Bun.deepEquals(before[column] ?? null, after[column] ?? null),
    );
    if (columns.length === 0) return null;
    const [old, now] = [before, after].map((row) => shown(row, columns));
    return { ...place, change: "update", before: old ?? null, after: now ?? null };
  }
  if (after) return { ...place, change: "insert", before: null, after: shown(after) };
  if (before) return { ...place, change: "delete", before: shown(before), after: null };
  return null; // it was inserted and deleted again
}

function newRows(db: Database, name: string, limit: number): { rows: RowChange[]; more: number } {
  const from = identifier(name);
  const counted = db.query(`SELECT count(*) AS count FROM ${from}`).get() as { count: number };
  using statement = db.prepare(`SELECT * FROM ${from} LIMIT ${limit}`);
  const found = statement.safeIntegers(true).all() as StoredRow[];
  const rows = found.flatMap((row) => changeOf({ name }, [row["id"] ?? ""], null, row) ?? []);
  return { rows, more: counted.count - found.length };
}

function idOf(key: readonly unknown[]): number | string {
  const [only] = key;
  const isOne = key.length === 1 && (typeof only === "number" || typeof only === "bigint");
  return isOne ? Number(only) : key.map((value) => String(valueOf(value))).join(", ");
}

function shown(row: StoredRow, columns = Object.keys(row)): TrialRow {
  return Object.fromEntries(columns.map((column) => [column, valueOf(row[column])]));
}

function valueOf(value: unknown): string | number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  const text = value as string;
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
