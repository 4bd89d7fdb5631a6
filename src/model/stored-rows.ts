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
import type { Hold } from "../transaction/hold.ts";
import type { Unit } from "../transaction/unit.ts";

/** A column to write. */
export interface Edit {
  readonly column: string;
  readonly value: ColumnValue;
  /** What was read in it. */
  readonly before: ColumnValue;
  /** Write it only where it still holds that. */
  readonly guarded: boolean;
}

/** Somebody else changed a row between our read and our write. */
class StaleError extends TqError {
  constructor(model: string, id: number, columns: readonly string[]) {
    super(
      "conflict",
      `Cannot save ${model} ${id}: ${columns.join(", ")} was changed by another transaction since it was read; call lock(records) before reading, or run the transaction again`,
    );
  }
}

/** Rows, and the lock that was held when they were read. */
export interface RowsRead {
  readonly rows: readonly Row[];
  readonly hold: Hold | null;
}

export function readRows(unit: Unit, table: Table, ids: readonly number[]): Soon<RowsRead> {
  return soon(prepareRead(unit, table), (records) => {
    const { hold } = unit; // before the read: the lock may be taken while its promise is on its way
    return soon(records.read(table, ids), (rows) => ({ rows, hold }));
  });
}

export function searchRows(
  unit: Unit,
  table: Table,
  conditions: readonly Condition[],
  options: SearchOptions,
): Soon<RowsRead> {
  return soon(prepareRead(unit, table), (records) => {
    const { hold } = unit;
    return soon(records.search(table, conditions, options), (rows) => ({ rows, hold }));
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

export function insertRow(unit: Unit, table: Table, values: readonly ColumnValue[]): Soon<number> {
  return soon(prepareWrite(unit, table), (records) =>
    soon(records.insert(table, values), (id) => {
      unit.hold?.insert(table, id);
      return id;
    }),
  );
}

/** A row of this model to write. */
export interface RowOf {
  readonly model: string;
  readonly table: Table;
  readonly id: number;
}

/** @throws TqError "not_found", or StaleError when a guarded column no longer holds what was read. */
export function updateRow(unit: Unit, row: RowOf, edits: readonly Edit[]): Soon<void> {
  const { table, id } = row;
  return soon(prepareWrite(unit, table), (records) => {
    const { hold } = unit;
    const changes = edits.map(({ column, value, before, guarded }) =>
      guarded && !hold?.replaced(table, id, column, before)
        ? { column, value, before }
        : { column, value },
    );
    return soon(records.update(table, id, changes), (result) => {
      if (result !== "ok") throw notUpdated(unit, row, changes, result);
      hold?.write(table, id, edits);
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
