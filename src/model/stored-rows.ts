/** Reading and writing the rows of a model inside a unit of work. */
import { TqError } from "../errors.ts";
import { type Soon, soon } from "../soon.ts";
import type {
  Change,
  ColumnValue,
  Condition,
  Records,
  Row,
  SearchOptions,
  Table,
} from "../store/records.ts";
import type { Stretch } from "../transaction/stretch.ts";
import type { Unit } from "../transaction/unit.ts";

/** A column to write. */
export interface Edit {
  readonly column: string;
  readonly value: ColumnValue;
  /** The value that was read in it. */
  readonly before: ColumnValue;
  /** True: write the column only where it still holds that value. */
  readonly guarded: boolean;
}

/** Another transaction changed a row between the read and the write. */
class StaleError extends TqError {
  constructor(model: string, id: number, columns: readonly string[]) {
    super(
      "conflict",
      `Cannot save ${model} ${id}: ${columns.join(", ")} was changed by another transaction since it was read; call lock(records) before reading, or run the transaction again`,
    );
  }
}

/** Rows as they were read. */
export interface RowsRead {
  readonly rows: readonly Row[];
  /** The stretch in which they were read; null: outside any. A save of rows that were undone in it is refused. */
  readonly stretch: Stretch | null;
  /** True when the rows cannot change while that stretch lasts: a save need not compare them. */
  readonly steady: boolean;
}

/** @param lock true: no other transaction may change the rows until this one ends. */
export function readRows(
  unit: Unit,
  table: Table,
  ids: readonly number[],
  lock = unit.locksRows,
): Soon<RowsRead> {
  return soon(prepareRead(unit, table), (records) => {
    const { stretch } = unit; // before the read: the stretch may be over when the answer comes
    const steady = unit.isSteady(lock);
    return soon(records.read(table, ids, lock), (rows) => ({ rows, stretch, steady }));
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
    const searching = records.search(table, conditions, options, locksRows);
    return soon(searching, (rows) => ({ rows, stretch, steady }));
  });
}

/** The records of a session that holds the lock where the unit needs it, with the table made. */
function prepareRead(unit: Unit, table: Table): Soon<Records> {
  return soon(unit.prepareRead(), () => withTable(unit, table));
}

/** The records of a session that holds the lock, with the table made. */
function prepareWrite(unit: Unit, table: Table): Soon<Records> {
  return soon(withTable(unit, table), () => soon(unit.begin(), () => unit.session.records));
}

function withTable({ session: { records } }: Unit, table: Table): Soon<Records> {
  return records.hasTable(table) ? records : records.ensureTable(table).then(() => records);
}

/** @returns the new row's id, and the stretch in which it was inserted. */
export function insertRow(
  unit: Unit,
  table: Table,
  values: readonly ColumnValue[],
): Soon<{ readonly id: number; readonly stretch: Stretch | null }> {
  return soon(prepareWrite(unit, table), (records) => {
    const { stretch } = unit; // before the answer: another stretch may have begun when it comes
    return soon(records.insert(table, values), (id) => {
      stretch?.insert(table, id);
      return { id, stretch };
    });
  });
}

/** A row of this model to write. */
export interface RowOf {
  readonly model: string;
  readonly table: Table;
  readonly id: number;
}

/**
 * @returns the stretch in which it was written.
 * @throws TqError "not_found", or StaleError when a guarded column no longer holds what was read.
 */
export function updateRow(unit: Unit, row: RowOf, edits: readonly Edit[]): Soon<Stretch | null> {
  const { table, id } = row;
  return soon(prepareWrite(unit, table), (records) => {
    const { stretch } = unit;
    const changes = edits.map(({ column, value, before, guarded }) =>
      guarded && !stretch?.replaced(table, id, column, before)
        ? { column, value, before }
        : { column, value },
    );
    return soon(records.update(table, id, changes), (result) => {
      if (result !== "ok") throw notUpdated(unit, row, changes, result);
      stretch?.write(table, id, edits);
      return stretch;
    });
  });
}

function notUpdated(
  unit: Unit,
  { model, id }: RowOf,
  changes: readonly Change[],
  result: "changed" | "gone",
): TqError {
  if (result === "gone") {
    return new TqError("not_found", `Cannot save ${model} ${id}: it no longer exists`);
  }
  unit.setStale();
  const guarded = changes.filter((change) => "before" in change);
  return new StaleError(
    model,
    id,
    guarded.map(({ column }) => column),
  );
}

export function deleteRows(unit: Unit, table: Table, ids: readonly number[]): Soon<void> {
  return soon(prepareWrite(unit, table), (records) => records.delete(table, ids));
}
