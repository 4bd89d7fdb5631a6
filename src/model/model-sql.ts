/** `ModelSQL(name, fields)`: a model with a table. */
import type * as v from "valibot";
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type { Change, ColumnValue, Row, Table } from "../store/records.ts";
import { BASE } from "./base.ts";
import { type Clause, type SearchOptions, toConditions, toOrder } from "./clauses.ts";
import { checkField, type Field, type Fields, toField } from "./fields.ts";
import { Model } from "./model.ts";
import { Transaction } from "./transaction.ts";
import type { Unit } from "./unit.ts";

/** The values of a record, as read. */
export type Values<F extends Fields> = { -readonly [K in keyof F]: v.InferOutput<F[K]> };

/** The values that a new record takes: fields that have a default or may be undefined can be left out. */
export type NewValues<F extends Fields> = v.InferInput<v.ObjectSchema<F, undefined>>;

/** What a record is, besides its fields. */
export interface SqlRecord {
  /** 0 until the record is saved. */
  readonly id: number;
  /**
   * Inserts the record, or writes the fields that were changed. A column is written only where it still
   * holds what was read, unless the transaction held the write lock when it was read.
   *
   * @throws TqError "invalid" for a wrong value, "not_found" when the row is gone, "conflict" when another
   * transaction changed it (a task then runs again by itself).
   */
  save(): Promise<void>;
  delete(): Promise<void>;
}

type Made<M> = M extends new (...args: never) => infer R ? R : never;

/** The class that `ModelSQL` makes, to be extended. */
export interface SqlModel<F extends Fields> extends Omit<typeof Model, "browse" | "prototype"> {
  new (values?: NewValues<F>): SqlRecord & Values<F>;
  readonly __name__: string;
  /** Inserts a record for each of these; returns the records, in order. */
  create<M>(this: M, values: readonly NewValues<F>[]): Promise<Made<M>[]>;
  /** The records of these ids, in order, duplicates too; ids that do not exist are left out. */
  browse<M>(this: M, ids: readonly number[]): Promise<Made<M>[]>;
  /**
   * The records for which every clause holds, as in Tryton's domains.
   * @example await Sale.search([["state", "=", "draft"]], { order: [["date", "DESC"]], limit: 10 });
   */
  search<M>(
    this: M,
    clauses: readonly Clause<keyof F & string>[],
    options?: SearchOptions<keyof F & string>,
  ): Promise<Made<M>[]>;
  /** Saves each record, in order. */
  save<M>(this: M, records: readonly Made<M>[]): Promise<void>;
  delete<M>(this: M, records: readonly Made<M>[]): Promise<void>;
  /** Takes the write lock at once, keeps it until the transaction ends, and reads the records again. */
  lock<M>(this: M, records: readonly Made<M>[]): Promise<void>;
}

const HYDRATE = Symbol("tq.hydrate");

const TABLE: unique symbol = Symbol.for("tq.table") as never;

/** The table of a model; undefined for one without. */
export function tableOf(model: object): Table | undefined {
  return (model as { [TABLE]?: Table })[TABLE];
}

const MODEL_NAME = /^[a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*$/;

/**
 * Makes a model with a table: named as the model with dots as underscores, a column a field. The table is
 * made, and later extended by new fields, when it is first used.
 *
 * @param name of lower-case letters, digits, `_` and dots.
 * @param fields a valibot schema each.
 * @throws TqError "models" for a name or field that cannot be.
 * @example
 * export class Sale extends ModelSQL("sale", { state: v.string(), total: v.optional(v.number()) }) {}
 */
export function ModelSQL<const F extends Fields>(name: string, fields: F): SqlModel<F> {
  checkName(name);
  const list = Object.entries(fields).map(([key, schema]) => toField(name, key, schema));
  const table: Table = {
    name: name.replaceAll(".", "_"),
    columns: list.map(({ column }) => column),
  };
  const byName = new Map(list.map((field) => [field.name, field]));

  class Record extends Model {
    static override readonly [BASE] = true;
    static override readonly __name__: string = name;
    static readonly [TABLE] = table;
    /** The columns as they were read, and whether nobody could change them since. */
    #read: { row: Row; unit: Unit; locked: boolean } | null = null;

    constructor(values: object = {}) {
      super(0);
      checkNames(values);
      const given = values as { [key: string]: unknown };
      for (const field of list)
        setValue(this, field, Object.hasOwn(given, field.name) ? given[field.name] : undefined);
    }

    static async create(values: readonly object[]): Promise<Record[]> {
      const records = values.map((value) => new this(value));
      await this.save(records);
      return records;
    }

    static override async browse<M>(this: M, ids: readonly number[]): Promise<never[]> {
      const rows = await inUnit((unit) => unit.read(table, ids.map(checkId)));
      return fromRows(this as unknown as typeof Record, rows) as never[];
    }

    static async search(
      clauses: readonly Clause<string>[],
      options: SearchOptions<string> = {},
    ): Promise<Record[]> {
      const conditions = toConditions(name, clauses, byName);
      const order = toOrder(name, options, byName);
      return fromRows(this, await inUnit((unit) => unit.search(table, conditions, order)));
    }

    static async save(records: readonly Record[]): Promise<void> {
      await inUnit((unit) =>
        unit.track(async () => {
          for (const record of records) await record.#save(unit);
        }),
      );
    }

    static async delete(records: readonly Record[]): Promise<void> {
      const ids = records.map(({ id }) => id);
      await inUnit((unit) => unit.track(() => unit.delete(table, ids)));
    }

    static async lock(records: readonly Record[]): Promise<void> {
      const current = Transaction.current.unit;
      await current.begin();
      const rows = await inUnit((unit) =>
        unit.read(
          table,
          records.map(({ id }) => id),
        ),
      );
      const byId = new Map(rows.map((row) => [row[0], row]));
      for (const record of records) {
        const row = byId.get(record.id);
        if (!row)
          throw new TqError("not_found", `Cannot lock ${name} ${record.id}: it no longer exists`);
        record[HYDRATE](row, current);
      }
    }

    save(): Promise<void> {
      return (this.constructor as typeof Record).save([this]);
    }

    delete(): Promise<void> {
      return (this.constructor as typeof Record).delete([this]);
    }

    /** Takes over a row as it was read. */
    [HYDRATE](row: Row, unit: Unit): void {
      setId(this, row[0] as number);
      list.forEach((field, index) =>
        setValue(this, field, field.fromColumn(row[index + 1] ?? null)),
      );
      this.#read = { row, unit, locked: unit.writing };
    }

    async #save(unit: Unit): Promise<void> {
      const read = this.#read;
      const action = `save ${name}${this.id ? ` ${this.id}` : ""}`;
      const row: ColumnValue[] = [this.id];
      const changes: Change[] = [];
      for (const [index, field] of list.entries()) {
        const before = read?.row[index + 1] ?? null;
        const value = (this as unknown as { [key: string]: unknown })[field.name];
        const unchanged = read !== null && same(field.toColumn(value), before);
        const column = unchanged ? before : field.toColumn(checkField(field, value, action));
        row.push(column);
        if (unchanged) continue;
        const guarded = read !== null && !(read.locked && read.unit === unit);
        changes.push({ column: field.name, value: column, ...(guarded && { before }) });
      }
      if (read) await unit.update(table, this.id, changes);
      else row[0] = await unit.insert(table, row.slice(1));
      this[HYDRATE](row, unit);
    }
  }

  /** One object a row: who changes a record through one duplicate sees it through the other. */
  function fromRows(model: typeof Record, rows: readonly Row[]): Record[] {
    const { unit } = Transaction.current;
    const seen = new Map<ColumnValue | undefined, Record>();
    return rows.map((row) => {
      let record = seen.get(row[0]);
      if (!record) {
        record = new model();
        record[HYDRATE](row, unit);
        seen.set(row[0], record);
      }
      return record;
    });
  }

  function checkNames(values: object): void {
    for (const key of Object.keys(values)) {
      if (byName.has(key)) continue;
      throw new TqError(
        "invalid",
        `Cannot make a ${name}: it has no field ${JSON.stringify(key)}${didYouMean(key, [...byName.keys()])}`,
      );
    }
  }

  async function inUnit<T>(fn: (unit: Unit) => Promise<T>): Promise<T> {
    const { unit } = Transaction.current;
    await unit.ensureTable(table);
    return fn(unit);
  }

  return Record as unknown as SqlModel<F>;
}

function setId(record: Model, id: number): void {
  (record as { id: number }).id = id;
}

function setValue(record: Model, { name }: Field, value: unknown): void {
  (record as unknown as { [key: string]: unknown })[name] = value;
}

function same(a: ColumnValue, b: ColumnValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Bun.deepEquals(a, b);
  return a === b;
}

function checkId(id: unknown): number {
  if (Number.isSafeInteger(id)) return id as number;
  throw new TqError("invalid", `Cannot browse ${Bun.inspect(id)}: ids are integers`);
}

function checkName(name: unknown): void {
  if (typeof name !== "string" || !MODEL_NAME.test(name)) {
    throw new TqError(
      "models",
      `Cannot make the model ${Bun.inspect(name)}: a name has lower-case letters, digits and _, and dots between its parts, like sale.line`,
    );
  }
  if (/^(?:tq_|tq\.|sqlite_)/.test(name)) {
    throw new TqError(
      "models",
      `Cannot make the model ${name}: names that begin with tq or sqlite are taken`,
    );
  }
}
