/** Reading and writing the rows of a model inside a unit of work. */
import { TqError } from "../errors.ts";
import { reportLacking } from "../registry/tables.ts";
import { type Soon, soon } from "../soon.ts";
import {
  type Change,
  changedColumns,
  type ColumnValue,
  type Condition,
  type Records,
  type Row,
  type SearchOptions,
  type Table,
  type Updated,
} from "../store/records.ts";
import type { Stretch } from "../transaction/stretch.ts";
import type { Unit } from "../transaction/unit.ts";

/** How many writes of this thread the store has answered: the number orders reads and writes. */
let writes = 0;

/** Rows as they were read. */
export interface RowsRead extends AsOf {
  readonly rows: readonly Row[];
}

/** When a row was read or written last. */
export interface AsOf {
  /** The stretch of the write lock in which that was; null: no lock was held. */
  readonly stretch: Stretch | null;
  /** True when no other transaction can change the row while that stretch lasts: a save need not compare it. */
  readonly steady: boolean;
  /** The number of writes that had been answered before. */
  readonly writes: number;
}

/** For the parameter `lock` of a read: no other transaction may change the rows until this one ends. */
export const LOCKED = true;

/** @param lock LOCKED, or false */
export function readRows(
  unit: Unit,
  table: Table,
  ids: readonly number[],
  lock = unit.locksRows,
): Soon<RowsRead> {
  return soon(prepareRead(unit, table), (records) => {
    const { stretch } = unit; // before the read: the stretch may be over when the answer comes
    const steady = unit.isSteady(lock);
    const asOf = { stretch, steady, writes };
    return soon(records.read(table, ids, lock), (rows) => ({ rows, ...asOf }));
  });
}

export function searchRows(
  unit: Unit,
  table: Table,
  conditions: readonly Condition[],
  options: SearchOptions,
): Soon<RowsRead> {
  return soon(prepareRead(unit, table), (records) => {
    const { stretch, locksRows } = unit;
    const steady = unit.isSteady(locksRows);
    const asOf = { stretch, steady, writes };
    return soon(records.search(table, conditions, options, locksRows), (rows) => ({
      rows,
      ...asOf,
    }));
  });
}

/** The records of a session that holds the lock where the unit needs it, with the table made. */
function prepareRead(unit: Unit, table: Table): Soon<Records> {
  return soon(unit.prepareRead(), () => withTable(unit, table));
}

/**
 * The records of a session that holds the lock, with the table made: before `begin`, which may open a savepoint, so that
 * the table stays when the unit's own work is undone.
 */
function prepareWrite(unit: Unit, table: Table): Soon<Records> {
  return soon(withTable(unit, table), () => soon(unit.begin(), () => unit.session.records));
}

function withTable(unit: Unit, table: Table): Soon<Records> {
  const { records } = unit.session;
  return records.hasTable(table) ? records : madeTable(unit, table);
}

async function madeTable({ session: { records }, runtime }: Unit, table: Table): Promise<Records> {
  reportLacking(runtime.report, table, await records.ensureTable(table));
  return records;
}

/** @returns the new row's id, and when it was inserted. */
export function insertRow(
  unit: Unit,
  table: Table,
  values: readonly ColumnValue[],
): Soon<{ readonly id: number; readonly asOf: AsOf }> {
  return soon(prepareWrite(unit, table), (records) => {
    const { stretch } = unit; // before the answer: another stretch may have begun when it comes
    return soon(records.insert(table, values), (id) => {
      stretch?.insert(table, id);
      return { id, asOf: written(stretch) };
    });
  });
}

/** As of a write: no other transaction sees the row, or can change it, before the commit. */
function written(stretch: Stretch | null): AsOf {
  return { stretch, steady: true, writes: ++writes };
}

/** A row of this model to write, as an object read it. */
export interface RowOf {
  readonly model: string;
  readonly table: Table;
  readonly id: number;
  /** null: what the object had of the row was rolled back. */
  readonly read: Row | null;
  readonly asOf: AsOf;
  /** True when this object stands for the row in this transaction: no other object there has written it since. */
  readonly isOwn: boolean;
}

/**
 * @returns when it was written.
 * @throws TqError "conflict" when the row is no longer what was read, "not_found" when this transaction deleted it.
 */
export function updateRow(unit: Unit, row: RowOf, changes: readonly Change[]): Soon<AsOf> {
  const { table, id, isOwn, read, asOf } = row;
  return soon(prepareWrite(unit, table), (records) => {
    const { stretch } = unit;
    const steady = isSteady(asOf, stretch);
    const compared = steady && isOwn ? null : read;
    return soon(records.update(table, id, changes, compared), (result) => {
      if (result !== "ok") throw notUpdated(unit, row, result, steady);
      stretch?.write(table, id);
      return written(stretch);
    });
  });
}

/** True when no other transaction can have changed the row since. */
export function isSteady(asOf: AsOf, stretch: Stretch | null): boolean {
  return asOf.steady && asOf.stretch !== null && asOf.stretch === stretch;
}

function notUpdated(
  unit: Unit,
  { model, id }: RowOf,
  result: Exclude<Updated, "ok">,
  steady: boolean,
): TqError {
  const action = `save ${model} ${id}`;
  if (result === "gone") return goneError(unit, action, steady);
  if (!steady) return changedError(unit, action, result.changed);
  return new TqError(
    "conflict",
    `Cannot ${action}: this transaction has changed ${result.changed.join(", ")} through another object of the record; use that one, or browse again`,
  );
}

/** A row that another transaction has changed: the unit must run again. */
function changedError(unit: Unit, action: string, columns: readonly string[]): TqError {
  unit.stale = true;
  return new TqError(
    "conflict",
    `Cannot ${action}: ${columns.join(", ")} was changed by another transaction since it was read; call lock(records) before reading, or run the transaction again`,
  );
}

/**
 * A row that no longer exists. Where another transaction deleted it after it was read, the unit must run again, without
 * the record. @param steady true: only this transaction itself can have deleted it.
 */
export function goneError(unit: Unit, action: string, steady: boolean): TqError {
  if (steady) return new TqError("not_found", `Cannot ${action}: it no longer exists`);
  unit.stale = true;
  return new TqError(
    "conflict",
    `Cannot ${action}: it was deleted since it was read; run the transaction again`,
  );
}

/**
 * Deletes rows of one table.
 *
 * @returns when they were deleted.
 * @throws TqError "conflict" when one of them is no longer what was read.
 */
export function deleteRows(unit: Unit, table: Table, rows: readonly RowOf[]): Soon<AsOf> {
  return soon(prepareWrite(unit, table), (records) => {
    const { stretch } = unit;
    // Writes of this transaction itself, through another object too, do not keep it from deleting a row.
    const compared = rows.filter(({ asOf, read }) => read && !isSteady(asOf, stretch));
    return soon(compareRows(unit, table, records, compared), () =>
      soon(records.delete(table, idsOf(rows)), () => {
        for (const { id } of rows) stretch?.write(table, id);
        return written(stretch);
      }),
    );
  });
}

/** Compares rows with what is in the database, where no other transaction can change them from then on. */
function compareRows(
  unit: Unit,
  table: Table,
  records: Records,
  compared: readonly RowOf[],
): Soon<void> {
  if (compared.length === 0) return;
  return soon(records.read(table, idsOf(compared), LOCKED), (rows) => {
    const byId = new Map(rows.map((row) => [row[0], row]));
    for (const { model, id, read } of compared) {
      const row = byId.get(id);
      const action = `delete ${model} ${id}`;
      if (!row) throw goneError(unit, action, false);
      const changed = changedColumns(table, read ?? row, row);
      if (changed.length > 0) throw changedError(unit, action, changed);
    }
  });
}

function idsOf(rows: readonly RowOf[]): number[] {
  return rows.map(({ id }) => id);
}
