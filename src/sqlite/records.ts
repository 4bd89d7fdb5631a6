/** The rows of the user's tables, inside the transaction of a session. */
import type { Database } from "bun:sqlite";
import type { Soon } from "../soon.ts";
import type { Records, Table } from "../store/records.ts";
import {
  deleteByIds,
  insertValues,
  selectByIds,
  selectMatching,
  updateColumns,
} from "./sql/rows.ts";
import { makeTable, tableIsComplete } from "./sql/table.ts";
import type { SqliteTransaction } from "./transaction.ts";

/** The parts that a session lends to its records. */
interface Access {
  readonly transaction: SqliteTransaction;
  /** Reads, inside the transaction where there is one. */
  readonly look: <T>(read: (db: Database) => T) => T;
  /** Begins a transaction where there is none. */
  readonly write: <T>(fn: (db: Database) => T) => Soon<T>;
}

export function makeRecords(access: Access): Records {
  const { transaction, look, write } = access;
  /** The write lock keeps all rows as they are, and a transaction has it. */
  const locked = <T>(lock: boolean, read: (db: Database) => T): Soon<T> =>
    lock && !transaction.writing ? write(read) : look(read);
  return {
    hasTable: (table) => transaction.tables.has(table),
    ensureTable: (table) => ensureTable(access, table),
    insert: (table, values) => write((db) => insertValues(db, table, values)),
    read: (table, ids, lock = false) => locked(lock, (db) => selectByIds(db, table, ids)),
    search: (table, conditions, options, lock = false) =>
      locked(lock, (db) => selectMatching(db, table, conditions, options)),
    update: (table, id, changes, read) =>
      write((db) => updateColumns(db, table, id, changes, read)),
    delete: (table, ids) => write((db) => deleteByIds(db, table, ids)),
  };
}

const NO_COLUMNS: readonly string[] = [];

async function ensureTable(
  { transaction, look, write }: Access,
  table: Table,
): Promise<readonly string[]> {
  const { tables } = transaction;
  if (tables.has(table)) return NO_COLUMNS;
  if (look((db) => tableIsComplete(db, table))) {
    // This transaction may have made the table, for another model too, and may yet be rolled back.
    tables.add(table, !transaction.writing);
    return NO_COLUMNS;
  }
  const { undone, userRollbacks } = transaction.counts;
  const lacking = await write((db) => makeTable(db, table));
  // A rollback meanwhile has removed the table again.
  if (undone === transaction.counts.undone && userRollbacks === transaction.counts.userRollbacks)
    tables.add(table, false);
  return lacking;
}
