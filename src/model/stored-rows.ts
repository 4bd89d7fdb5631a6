/** Reading and writing the rows of a model inside a unit of work. */
import { TqError } from "../errors.ts";
import type {
  ColumnValue,
  Condition,
  Records,
  Row,
  SearchOptions,
  Table,
} from "../store/records.ts";
import type { Hold } from "./hold.ts";
import type { Unit } from "./unit.ts";

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
  constructor(table: Table, id: number, columns: readonly string[]) {
    super(
      "conflict",
      `Cannot save ${table.name} ${id}: ${columns.join(", ")} was changed by another transaction since it was read; call lock(records) before reading, or run the transaction again`,
    );
  }
}

/** Rows, and the lock that was held when they were read. */
export interface RowsRead {
  readonly rows: readonly Row[];
  readonly hold: Hold | null;
}

export async function readRows(
  unit: Unit,
  table: Table,
  ids: readonly number[],
): Promise<RowsRead> {
  const locking = unit.prepareRead();
  if (locking) await locking;
  const { records } = unit.session;
  if (!records.hasTable(table)) await records.ensureTable(table);
  const { hold } = unit; // before the read: the lock may be taken while its promise is on its way
  return { rows: await records.read(table, ids), hold };
}

export async function searchRows(
  unit: Unit,
  table: Table,
  conditions: readonly Condition[],
  options: SearchOptions,
): Promise<RowsRead> {
  const locking = unit.prepareRead();
  if (locking) await locking;
  const { records } = unit.session;
  if (!records.hasTable(table)) await records.ensureTable(table);
  const { hold } = unit;
  return { rows: await records.search(table, conditions, options), hold };
}

/** The records of a session that holds the lock, with the table made. */
async function prepareWrite(unit: Unit, table: Table): Promise<Records> {
  const { records } = unit.session;
  if (!records.hasTable(table)) await records.ensureTable(table);
  await unit.begin();
  return unit.session.records;
}

export async function insertRow(
  unit: Unit,
  table: Table,
  values: readonly ColumnValue[],
): Promise<number> {
  const records = await prepareWrite(unit, table);
  const id = await records.insert(table, values);
  unit.hold?.insert(table, id);
  return id;
}

/** @throws TqError "not_found", or StaleError when a guarded column no longer holds what was read. */
export async function updateRow(
  unit: Unit,
  table: Table,
  id: number,
  edits: readonly Edit[],
): Promise<void> {
  const records = await prepareWrite(unit, table);
  const { hold } = unit;
  const changes = edits.map(({ column, value, before, guarded }) =>
    guarded && !hold?.replaced(table, id, column, before)
      ? { column, value, before }
      : { column, value },
  );
  const result = await records.update(table, id, changes);
  if (result === "gone") {
    throw new TqError("not_found", `Cannot save ${table.name} ${id}: it no longer exists`);
  }
  if (result === "changed") {
    unit.setStale();
    const guarded = changes.filter((change) => "before" in change);
    throw new StaleError(
      table,
      id,
      guarded.map(({ column }) => column),
    );
  }
  for (const { column, value, before } of edits) hold?.write(table, id, column, before, value);
}

export async function deleteRows(unit: Unit, table: Table, ids: readonly number[]): Promise<void> {
  const records = await prepareWrite(unit, table);
  await records.delete(table, ids);
}
