/** `ModelSQL(name, fields)`: a model with a table. */
import { TqError } from "../errors.ts";
import { soon } from "../soon.ts";
import { BASE, CHECK_ROW } from "../registry/model-class.ts";
import { makeRecord } from "./class-fields.ts";
import { type Clause, type SearchOptions, toConditions, toRowOptions } from "./clauses.ts";
import { DEFINITION, define } from "../registry/definition.ts";
import type { Fields } from "../registry/fields.ts";
import { quote } from "../quote.ts";
import type { SqlModel } from "./sql-types.ts";
import { StoredRecord } from "./stored-record.ts";
import { goneError, LOCKED, type RowsRead, readRows, searchRows } from "./stored-rows.ts";
import { inUnit, outsideTransaction, Transaction } from "../transaction/transaction.ts";
import type { Unit } from "../transaction/unit.ts";

/**
 * Makes a model with a table. The table has the name of the model, with underscores for dots, and a column for each
 * field. tq creates it, and later adds columns for new fields, when a program first uses it.
 *
 * @param name of lower-case letters, digits, `_` and dots.
 * @param fields a valibot schema for each field.
 * @throws TqError "models" for a name or a field that a model cannot have.
 * @example
 * export class Sale extends ModelSQL("sale", { state: v.string(), total: v.optional(v.number()) }) {}
 */
export function ModelSQL<const F extends Fields>(name: string, fields: F): SqlModel<F> {
  const definition = define(name, fields);
  class Record extends SqlBase {
    static override readonly [BASE] = true;
    static override readonly __name__: string = name;
    static override readonly [DEFINITION] = definition;
  }
  return Record as unknown as SqlModel<F>;
}

/**
 * sql-types.ts documents the static members, as programs see them. Writes run through `inUnit`, as the commit must wait
 * for them even where their caller does not; reads use the unit directly: a caller that does not await one needs no rows.
 */
class SqlBase extends StoredRecord {
  static override readonly [BASE] = true;

  static create(values: readonly object[]): Promise<StoredRecord[]> {
    return inUnit(async (unit) => {
      checkList(values, `create ${this.__name__}`);
      const records = values.map((value) => makeRecord(this, value as object));
      await storeAll(records, unit);
      return records;
    });
  }

  static override browse<M>(this: M, ids: readonly number[]): Promise<never[]> {
    const unit = Transaction.currentIfAny?.unit;
    if (!unit) return outsideTransaction();
    const reading = browseIn(unit, this as typeof SqlBase, ids) as Promise<never[]>;
    return unit.strict ? unit.track(() => reading) : reading;
  }

  static search(
    clauses: readonly Clause<string>[],
    options: SearchOptions<string> = {},
  ): Promise<StoredRecord[]> {
    const unit = Transaction.currentIfAny?.unit;
    if (!unit) return outsideTransaction();
    const reading = searchIn(unit, this, clauses, options);
    return unit.strict ? unit.track(() => reading) : reading;
  }

  static save(records: readonly StoredRecord[]): Promise<void> {
    return inUnit((unit) => {
      checkRecords(this, records, "save");
      const [only] = records;
      return only && records.length === 1
        ? StoredRecord.store(only, unit)
        : storeAll(records, unit);
    });
  }

  static delete(records: readonly StoredRecord[]): Promise<void> {
    return inUnit(async (unit) => {
      savedIds(this, records, "delete"); // for its checks
      await StoredRecord.remove(this[DEFINITION].table, records, unit);
    });
  }

  static lock(records: readonly StoredRecord[]): Promise<void> {
    return inUnit(async (unit) => {
      const ids = savedIds(this, records, "lock");
      await unit.lock();
      const { rows, ...asOf } = await readRows(unit, this[DEFINITION].table, ids, LOCKED);
      const byId = new Map(rows.map((row) => [row[0], row]));
      for (const record of records) {
        const row = byId.get(record.id);
        if (row) StoredRecord.readAgain(record, row, asOf, unit);
        else {
          const steady = StoredRecord.isSteady(record, unit);
          throw goneError(unit, `lock ${this.__name__} ${record.id}`, steady);
        }
      }
    });
  }

  save(): Promise<void> {
    return (this.constructor as typeof SqlBase).save([this]);
  }

  delete(): Promise<void> {
    return (this.constructor as typeof SqlBase).delete([this]);
  }
}

async function browseIn(
  unit: Unit,
  model: typeof SqlBase,
  ids: readonly number[],
): Promise<StoredRecord[]> {
  checkList(ids, `browse ${model.__name__}`);
  const reading = readRows(unit, model[DEFINITION].table, ids.map(checkId));
  return soon(reading, (read) => fromRows(model, read, unit));
}

async function searchIn(
  unit: Unit,
  model: typeof SqlBase,
  clauses: readonly Clause<string>[],
  options: SearchOptions<string>,
): Promise<StoredRecord[]> {
  const definition = model[DEFINITION];
  const conditions = toConditions(definition, clauses);
  const rowOptions = toRowOptions(definition, options);
  const reading = searchRows(unit, definition.table, conditions, rowOptions);
  return fromRows(model, await reading, unit);
}

async function storeAll(records: readonly StoredRecord[], unit: Unit): Promise<void> {
  for (const record of records) await StoredRecord.store(record, unit);
}

function fromRows(model: typeof SqlBase, { rows, ...asOf }: RowsRead, unit: Unit): StoredRecord[] {
  return rows.map((row) => StoredRecord.fromRow(model, row, asOf, unit));
}

/** @throws TqError for a record of another model, one without a row, and one whose row was rolled back. */
function savedIds(model: typeof SqlBase, records: readonly StoredRecord[], verb: string): number[] {
  checkRecords(model, records, verb);
  return records.map((record) => {
    const { id } = record;
    record[CHECK_ROW](() => `${verb} ${model.__name__} ${id}`);
    if (id !== 0) return id;
    const advice = verb === "delete" ? "it has no row" : "save it first";
    throw new TqError("invalid", `Cannot ${verb} a ${model.__name__} that is not saved: ${advice}`);
  });
}

function checkRecords(model: typeof SqlBase, records: unknown, verb: string): void {
  checkList(records, `${verb} ${model.__name__}`);
  for (const record of records) {
    // Of this class, or of another one on the same table.
    const made = record instanceof StoredRecord ? (record.constructor as typeof SqlBase) : null;
    if (made?.[DEFINITION] === model[DEFINITION]) continue;
    throw new TqError(
      "invalid",
      `Cannot ${verb} ${quote(record)}: it is not a record of ${model.__name__}`,
    );
  }
}

function checkList(value: unknown, action: string): asserts value is readonly unknown[] {
  if (Array.isArray(value)) return;
  throw new TqError("invalid", `Cannot ${action} with ${quote(value)}: give a list`);
}

function checkId(id: unknown): number {
  if (Number.isSafeInteger(id)) return id as number;
  throw new TqError("invalid", `Cannot browse ${quote(id)}: ids are integers`);
}
