/** The rows of the user's tables, inside the transaction of a session. */
import { isTqError, markOperational, TqError } from "../errors.ts";
import type { Records, Table } from "../store/records.ts";
import type { Connection } from "./connection.ts";
import { sqlState } from "./server-error.ts";
import { lock } from "./locks.ts";
import {
  deleteByIds,
  insertValues,
  selectByIds,
  selectMatching,
  updateColumns,
} from "./sql/rows.ts";
import { identifier, isUsedHere, makeTable, ownShape, type Shape, shapeOf } from "./sql/table.ts";
import type { PostgresTransaction } from "./transaction.ts";

export function makeRecords(transaction: PostgresTransaction): Records {
  const { shapes } = transaction;
  const shape = (table: Table): Shape => {
    let known = shapes.get(table);
    if (!known) shapes.set(table, (known = ownShape(table)));
    return known;
  };
  /** Rows stay locked to the end of the transaction, so that there must be one. */
  const locked = <T>(locks: boolean, read: (db: Connection) => Promise<T>): Promise<T> =>
    locks ? transaction.run(read) : transaction.read(read);
  const { ahead } = transaction;
  /** With rules of the user's own, a write may change any row. */
  const changed = (table: Table, id: number) =>
    shape(table).hasRules ? ahead.forget() : ahead.changed(table, id);
  return {
    hasTable: (table) => transaction.tables.has(table),
    ensureTable: (table) => ensureTable(transaction, table),
    insert: (table, values) => {
      if (shape(table).hasRules) ahead.forget();
      return transaction.run((db) => insertValues(db, shape(table), values));
    },
    read: (table, ids, locks = false) => {
      const known = locks ? null : ahead.take(table, ids);
      if (known) return known;
      return locked(locks, (db) => selectByIds(db, shape(table), ids, locks));
    },
    async readAhead(table, ids) {
      const rows = await transaction.run((db) => selectByIds(db, shape(table), ids, false));
      ahead.keep(table, rows);
    },
    search: (table, conditions, options, locks = false) =>
      locked(locks, (db) => selectMatching(db, shape(table), conditions, options, locks)),
    update: (table, id, changes, read) => {
      changed(table, id);
      const { saves, writing } = transaction;
      if (writing && saves.keep(shape(table), id, changes, read)) return "ok";
      return transaction.run((db) => updateColumns(db, shape(table), id, changes, read));
    },
    delete: (table, ids) => {
      ahead.forget(); // rows of other tables may go with these
      return transaction.run((db) => deleteByIds(db, shape(table), ids));
    },
  };
}

const NO_COLUMNS: readonly string[] = [];

async function ensureTable(
  transaction: PostgresTransaction,
  table: Table,
): Promise<readonly string[]> {
  const { tables, shapes } = transaction;
  if (tables.has(table)) return NO_COLUMNS;
  const found = await transaction.read((db) => shapeOf(db, table));
  shapes.check();
  if (found) {
    shapes.set(table, found);
    // This transaction may have made the table, for another model too, and may yet be rolled back.
    tables.add(table, !transaction.writing);
    return NO_COLUMNS;
  }
  // Another transaction could not change a table that this one uses.
  const isHere = transaction.writing && (await transaction.read((db) => isUsedHere(db, table)));
  if (!isHere) {
    const made = await transaction.apart((db) => makeAlone(db, table));
    if (made.shape) shapes.set(table, made.shape);
    tables.add(table, true);
    return made.lacking;
  }
  const { undone, userRollbacks } = transaction.counts;
  const lacking = await transaction.run((db) => makeTable(db, table));
  const shape = await transaction.read((db) => shapeOf(db, table));
  if (shape) shapes.set(table, shape);
  // A rollback meanwhile has removed the table again.
  if (undone === transaction.counts.undone && userRollbacks === transaction.counts.userRollbacks)
    tables.add(table, false);
  return lacking;
}

/** A change of a table that waits holds up all statements behind it: it gives up soon. */
const PATIENCE = "SET LOCAL lock_timeout = '2s'";

async function makeAlone(
  db: Connection,
  table: Table,
): Promise<{ readonly lacking: readonly string[]; readonly shape: Shape | null }> {
  await lock(db, "schema");
  await db.command(PATIENCE);
  try {
    return { lacking: await makeTable(db, table), shape: await shapeOf(db, table) };
  } catch (error) {
    const state = isTqError(error) ? sqlState(error.cause) : null;
    if (state === "55P03") throw inUseError(table, error);
    throw state === "42501" ? noRightError(table, error) : error;
  }
}

function noRightError({ name }: Table, error: unknown): TqError {
  const { cause } = error as TqError;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TqError(
    "database",
    `Cannot make the table ${name}: ${why}; let the owner of the schema start this program once, then GRANT SELECT, INSERT, UPDATE, DELETE ON ${identifier(name)} TO …, or GRANT CREATE on the schema`,
    { cause },
  );
}

function inUseError({ name }: Table, cause: unknown): TqError {
  return markOperational(
    new TqError(
      "busy",
      `Cannot add columns to the table ${name}: other transactions use it; wait until they end, or end them`,
      { cause },
    ),
  );
}
