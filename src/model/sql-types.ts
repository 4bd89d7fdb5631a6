/** The types of `ModelSQL`. */
import type * as v from "valibot";
import type { Clause, SearchOptions } from "./clauses.ts";
import type { Fields } from "../registry/fields.ts";
import type { Model } from "./model.ts";

/** The values of a record, as read. */
type Values<F extends Fields> = { -readonly [K in keyof F]: v.InferOutput<F[K]> };

/** The values that a new record takes: fields that have a default or may be undefined can be left out. */
type NewValues<F extends Fields> = v.InferInput<v.ObjectSchema<F, undefined>>;

/** The members of a record besides its fields. */
interface SqlRecord {
  /** 0 until the record is saved. */
  readonly id: number;
  /**
   * Inserts the record, or writes the fields that have changed. It writes only where every column of the row still
   * holds what was read, unless the transaction held the write lock when it was read.
   *
   * @throws TqError "invalid" for a wrong value, "not_found" when this transaction deleted the row, "conflict" when
   * another one changed or deleted it (tq then runs a task again).
   */
  save(): Promise<void>;
  /**
   * Deletes the row, if every column of it still holds what was read, as for `save`.
   *
   * @throws TqError "invalid" for a record that is not saved, "conflict" when another transaction changed or deleted it.
   */
  delete(): Promise<void>;
}

type Made<M> = M extends new (...args: never) => infer R ? R : never;

/** The class that `ModelSQL` makes, to be extended. */
export interface SqlModel<F extends Fields> extends Omit<typeof Model, "browse" | "prototype"> {
  new (values?: NewValues<F>): SqlRecord & Values<F>;
  readonly __name__: string;
  /** Inserts a record for each of these; returns the records, in order. */
  create<M>(this: M, values: readonly NewValues<F>[]): Promise<Made<M>[]>;
  /**
   * The records of these ids, in order, duplicates too; ids that do not exist are left out. Within a transaction
   * `browse`, `search` and `create` give one object for a row, with its unsaved changes. After another transaction has
   * changed the row they give a new one.
   */
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
  /** Deletes the rows of the records, if every column of them still holds what was read. */
  delete<M>(this: M, records: readonly Made<M>[]): Promise<void>;
  /** Takes the write lock at once, keeps it until the transaction ends, and reads the records again. */
  lock<M>(this: M, records: readonly Made<M>[]): Promise<void>;
}
