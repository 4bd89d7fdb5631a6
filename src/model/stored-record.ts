/** A record with a row: the values that were read, and the fields that were changed since. */
import { TqError } from "../errors.ts";
import { type Soon, soon } from "../soon.ts";
import { type ColumnValue, type Row, sameValue } from "../store/records.ts";
import { BASE, CHECK_ROW } from "../registry/model-class.ts";
import { checkNotHidden, isTrial, PLACE, type RecordClass } from "./class-fields.ts";
import { checkFieldNames, DEFINITION, type Definition } from "../registry/definition.ts";
import { checkField, type Field } from "../registry/fields.ts";
import type { Stretch } from "../transaction/stretch.ts";
import { Model } from "./model.ts";
import { type Edit, insertRow, updateRow } from "./stored-rows.ts";
import type { Unit } from "../transaction/unit.ts";

/** The columns as last read or written, and the stretch of the write lock in which that was; null: no lock was held. */
interface Read {
  readonly row: Row;
  readonly stretch: Stretch | null;
  /** True when the columns cannot change while that stretch lasts. */
  readonly steady: boolean;
  /** The stretch in which this record was written last. */
  readonly wrote: Stretch | null;
}

const NOTHING: object = Object.freeze({});

export abstract class StoredRecord extends Model {
  static override readonly [BASE] = true;
  static readonly [DEFINITION]: Definition;

  #read: Read | null = null;
  /** The save that is under way: two at once would insert the record twice. */
  #saving: Promise<unknown> | null = null;

  constructor(values: object = NOTHING) {
    super(0);
    const definition = definitionOf(this);
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

  /** Fills a record with a row that was read. */
  static hydrate(
    record: StoredRecord,
    row: Row,
    { stretch, steady }: Pick<Read, "stretch" | "steady">,
  ): void {
    set(record, "id", row[0]);
    for (const [index, field] of definitionOf(record).fields.entries()) {
      set(record, field.name, field.fromColumn(row[index + 1] ?? null));
    }
    record.#read = { row, stretch, steady, wrote: null };
  }

  [CHECK_ROW](action: () => string): void {
    const { table } = definitionOf(this);
    const undone = (stretch: Stretch | null | undefined) =>
      stretch?.hasUndoneInsert(table, this.id);
    if (!undone(this.#read?.stretch) && !undone(this.#read?.wrote)) return;
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
    if (read?.stretch?.hasUndone(table, this.id) || read?.wrote?.hasUndone(table, this.id)) {
      throw new TqError(
        "conflict",
        `Cannot save ${name} ${this.id}: the transaction that wrote it was rolled back; browse it again, or make a new record`,
      );
    }
    const action = `save ${name}${this.id ? ` ${this.id}` : ""}`;
    // The write compares the columns, unless no other transaction can have changed them since.
    const guarded =
      read !== null && !(read.steady && read.stretch !== null && read.stretch === unit.stretch);
    const row: ColumnValue[] = [this.id];
    const edits: Edit[] = [];
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
      if (read && sameValue(column, before)) continue;
      edits.push({ column: field.name, value: column, before, guarded });
    }
    if (!read) {
      return soon(insertRow(unit, table, row.slice(1)), ({ id, stretch }) => {
        row[0] = id;
        // No other transaction sees the row before the commit.
        this.#rememberRow({ row, stretch, steady: true, wrote: stretch }, checked);
      });
    }
    // Without a write nothing was compared: the columns are as of the same read.
    if (edits.length === 0) return this.#rememberRow({ ...read, row }, checked);
    return soon(updateRow(unit, { model: name, table, id: this.id }, edits), (wrote) =>
      this.#rememberRow({ ...read, row, wrote }, checked),
    );
  }

  /** Remembers the columns as the database has them now. A field that was changed during the save stays changed. */
  #rememberRow({ row, stretch, steady, wrote }: Read, checked: readonly Checked[]): void {
    const bytes = (value: ColumnValue) => (value instanceof Uint8Array ? value.slice() : value);
    this.#read = { row: row.map(bytes), stretch, steady, wrote };
    set(this, "id", row[0]);
    for (const { field, value, output } of checked) {
      // An object that the user holds keeps its identity.
      const isReplaceable = value === undefined || value === null || typeof value !== "object";
      if (isReplaceable && get(this, field.name) === value) set(this, field.name, output);
    }
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
