/** A record with a row: the values that were read, and the fields that were changed since. */
import { TqError } from "../errors.ts";
import { type Soon, soon } from "../soon.ts";
import {
  type Change,
  type ColumnValue,
  type Row,
  sameRow,
  sameValue,
  type Table,
} from "../store/records.ts";
import { BASE, CHECK_ROW } from "../registry/model-class.ts";
import { checkNotHidden, isTrial, PLACE, type RecordClass } from "./class-fields.ts";
import { checkFieldNames, DEFINITION, type Definition } from "../registry/definition.ts";
import { checkField, type Field } from "../registry/fields.ts";
import type { RowObjects } from "../transaction/row-objects.ts";
import type { Stretch } from "../transaction/stretch.ts";
import { Model } from "./model.ts";
import {
  type AsOf,
  deleteRows,
  insertRow,
  isSteady,
  type RowOf,
  updateRow,
} from "./stored-rows.ts";
import type { Unit } from "../transaction/unit.ts";

/** The columns as last read or written. */
interface Read extends AsOf {
  readonly row: Row;
  /** The stretch in which this record was written last; null: it was not, since the row was read. */
  readonly wroteIn: Stretch | null;
}

const NOTHING: object = Object.freeze({});

export abstract class StoredRecord extends Model {
  static override readonly [BASE] = true;
  static readonly [DEFINITION]: Definition;

  #read: Read | null = null;
  /** The save that is under way: two at once would insert the record twice. */
  #saving: Promise<unknown> | null = null;

  constructor(values: object = NOTHING) {
    super(0); // the id of a record without a row
    const definition = definitionOf(this);
    // A trial is made only to learn which fields the class defines over those of its table.
    if (isTrial(this.constructor)) {
      for (const { name } of definition.fields) Object.defineProperty(this, name, PLACE);
      return;
    }
    checkFieldNames(definition, values);
    if (values !== NOTHING) checkNotHidden(this.constructor as RecordClass, values);
    for (const { name } of definition.fields) {
      set(this, name, Object.hasOwn(values, name) ? get(values, name) : undefined);
    }
  }

  /** The object that stands for this row in the transaction, with what was read of it. */
  static fromRow(
    model: new () => StoredRecord,
    row: Row,
    asOf: AsOf,
    { rowObjects }: Unit,
  ): StoredRecord {
    const { name } = (model as unknown as typeof StoredRecord)[DEFINITION].table;
    const id = row[0] as number;
    const known = rowObjects.get(name, id);
    if (known?.constructor === model && #read in known && known.#takeRow(row, asOf)) return known;
    const record = new model();
    record.#fill(row, asOf);
    rowObjects.set(name, id, record);
    return record;
  }

  /** Reads the record again: its unsaved changes are lost, and it stands for the row from here on. */
  static readAgain(record: StoredRecord, row: Row, asOf: AsOf, { rowObjects }: Unit): void {
    record.#fill(row, asOf);
    rowObjects.set(definitionOf(record).table.name, record.id, record);
  }

  #fill(row: Row, { stretch, steady, writes }: AsOf): void {
    set(this, "id", row[0]);
    for (const [index, field] of definitionOf(this).fields.entries()) {
      set(this, field.name, field.fromColumn(row[index + 1] ?? null));
    }
    this.#read = { row, stretch, steady, writes, wroteIn: null };
  }

  /**
   * Takes the row as it was read just now, and returns true, if this object can stand for it. After a change by another
   * transaction it cannot: code may have computed something from the old values, so that its save must find them changed.
   */
  #takeRow(row: Row, asOf: AsOf): boolean {
    const read = this.#read;
    if (!read) return false;
    if (read.writes > asOf.writes) return true; // what the object has is newer than this answer
    const steady = isSteady(read, asOf.stretch);
    if (sameRow(read.row, row)) {
      const { stretch, steady: isSteadyNow, writes } = asOf;
      if (!steady) this.#read = { row, stretch, steady: isSteadyNow, writes, wroteIn: null };
      return true;
    }
    if (steady) this.#takeOver(read, row);
    return steady;
  }

  /** Takes what SQL of this transaction itself changed. Fields with unsaved changes keep them. */
  #takeOver(read: Read, row: Row): void {
    for (const [index, field] of definitionOf(this).fields.entries()) {
      const [before, now] = [read.row[index + 1] ?? null, row[index + 1] ?? null];
      if (sameValue(before, now) || !field.isUnchanged(get(this, field.name), before)) continue;
      set(this, field.name, field.fromColumn(now));
    }
    this.#read = { ...read, row };
  }

  [CHECK_ROW](action: () => string): void {
    const { table } = definitionOf(this);
    const undone = (stretch: Stretch | null | undefined) =>
      stretch?.hasUndoneInsert(table, this.id);
    if (!undone(this.#read?.stretch) && !undone(this.#read?.wroteIn)) return;
    throw new TqError(
      "conflict",
      `Cannot ${action()}: the transaction that made the record was rolled back, and another record may have its id now; make a new record`,
    );
  }

  /** Inserts the record, or writes what has changed since it was read. */
  static store(record: StoredRecord, unit: Unit): Soon<void> {
    if (record.#saving) {
      const after = () => StoredRecord.store(record, unit);
      return record.#saving.then(after, after); // its own caller gets its failure
    }
    const saving = record.#store(unit);
    if (!(saving instanceof Promise)) return;
    record.#saving = saving.finally(() => (record.#saving = null));
    return record.#saving as Promise<void>;
  }

  #store(unit: Unit): Soon<void> {
    const { name, fields, table } = definitionOf(this);
    const read = this.#read;
    if (read && this.#isUndone(read)) {
      throw new TqError(
        "conflict",
        `Cannot save ${name} ${this.id}: the transaction that wrote it was rolled back; browse it again, or make a new record`,
      );
    }
    const action = `save ${name}${this.id ? ` ${this.id}` : ""}`;
    const row: ColumnValue[] = [this.id];
    const changes: Change[] = [];
    const checked: Checked[] = [];
    for (const [index, field] of fields.entries()) {
      const before = read?.row[index + 1] ?? null;
      const value = get(this, field.name);
      if (read && field.isUnchanged(value, before)) {
        row.push(before);
        continue;
      }
      const output = checkField(field, value, action);
      const column = field.toColumn(output);
      row.push(column);
      checked.push({ field, value, output });
      if (!read || !sameValue(column, before)) changes.push({ column: field.name, value: column });
    }
    const { rowObjects } = unit;
    if (!read) {
      return soon(insertRow(unit, table, row.slice(1)), ({ id, asOf }) => {
        row[0] = id;
        this.#remember({ ...asOf, row, wroteIn: asOf.stretch }, checked);
        rowObjects.set(table.name, id, this);
      });
    }
    // Without a write nothing was compared: the columns are as of the same read.
    if (changes.length === 0) return this.#remember({ ...read, row }, checked);
    const rowOf = this.#rowOf(read, rowObjects);
    return soon(updateRow(unit, rowOf, changes), (asOf) => {
      this.#remember({ ...asOf, row, wroteIn: asOf.stretch }, checked);
      if (!rowOf.isOwn) rowObjects.set(table.name, this.id, this);
    });
  }

  #rowOf(read: Read, rowObjects: RowObjects): RowOf {
    const { name, table } = definitionOf(this);
    const isOwn = rowObjects.get(table.name, this.id) === this;
    return { model: name, table, id: this.id, read: read.row, asOf: read, isOwn };
  }

  /** True when a write of this object, or of its row in the stretch of its read, was rolled back. */
  #isUndone({ stretch, wroteIn }: Read): boolean {
    const { table } = definitionOf(this);
    return (stretch?.hasUndone(table, this.id) || wroteIn?.hasUndone(table, this.id)) ?? false;
  }

  /** Deletes the rows of records of one table. */
  static remove(table: Table, records: readonly StoredRecord[], unit: Unit): Soon<void> {
    const rows = records.flatMap((record) => {
      if (!record.#read) return [];
      const row = record.#rowOf(record.#read, unit.rowObjects);
      return record.#isUndone(record.#read) ? { ...row, read: null } : row; // null: nothing to compare with
    });
    return soon(deleteRows(unit, table, rows), (asOf) => {
      for (const record of records) {
        if (record.#read) record.#read = { ...record.#read, ...asOf, wroteIn: asOf.stretch };
      }
    });
  }

  /** Remembers the columns as the database has them now. A field that was changed during the save stays changed. */
  #remember({ row, stretch, steady, writes, wroteIn }: Read, checked: readonly Checked[]): void {
    const bytes = (value: ColumnValue) => (value instanceof Uint8Array ? value.slice() : value);
    this.#read = { row: row.map(bytes), stretch, steady, writes, wroteIn };
    set(this, "id", row[0]);
    for (const { field, value, output } of checked) {
      // An object that the user holds keeps its identity.
      const isReplaceable = value === undefined || value === null || typeof value !== "object";
      if (isReplaceable && get(this, field.name) === value) set(this, field.name, output);
    }
  }

  /** True when only the transaction of this unit can have changed the row since it was read. */
  static isSteady(record: StoredRecord, unit: Unit): boolean {
    return record.#read !== null && isSteady(record.#read, unit.stretch);
  }
}

/** A field that was checked for writing: what it held, and what the schema made of it. */
interface Checked {
  readonly field: Field;
  readonly value: unknown;
  readonly output: unknown;
}

function definitionOf(record: StoredRecord): Definition {
  return (record.constructor as typeof StoredRecord)[DEFINITION];
}

function get(object: object, name: string): unknown {
  return (object as Readonly<Record<string, unknown>>)[name];
}

function set(object: object, name: string, value: unknown): void {
  (object as Record<string, unknown>)[name] = value;
}
