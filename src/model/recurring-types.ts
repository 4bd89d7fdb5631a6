/** The types of `static cron`, and of `cron` of a function. */
import type { RecurringOptions } from "../cron/options.ts";
import type { JsonArgs } from "./queue-types.ts";
import type { Model } from "./model.ts";

type ModelLike = abstract new (...args: never) => object;

/** Properties of a class that are no methods of its tasks. */
type StaticBase =
  "prototype" | "__queue__" | "__name__" | "tasks" | "cron" | "redact" | keyof typeof Model;
type SqlStatics = "create" | "browse" | "search" | "save" | "delete" | "lock";
type RecordBase = "id" | "save" | "delete" | "toJSON" | keyof Model;

/** The arguments after the records: they can be left out where the method needs none. */
type Args<A extends readonly unknown[]> = [] extends A
  ? { readonly args?: Readonly<JsonArgs<A>> }
  : { readonly args: Readonly<JsonArgs<A>> };

/** A static method is called with the records of `instances`, or with an empty list. */
type StaticCall<R, F> = F extends (...args: infer All) => unknown
  ? All extends readonly []
    ? { readonly instances?: undefined; readonly args?: undefined }
    : F extends (records: infer First, ...args: infer A) => unknown
      ? Args<A> & StaticInstances<R, First>
      : never
  : never;

type StaticInstances<R, First> = R[] extends First
  ? { readonly instances?: R extends First ? number | readonly number[] : readonly number[] }
  : R extends First
    ? { readonly instances: number }
    : never;

type RecordCall<F> = F extends (...args: infer A) => unknown
  ? Args<A> & { readonly instances: number | readonly number[] }
  : never;

type StaticCalls<M extends ModelLike> = {
  readonly [K in Exclude<keyof M & string, StaticBase | SqlStatics>]: StaticCall<
    InstanceType<M>,
    M[K]
  > & { readonly method: K };
};

type RecordCalls<R extends object, Statics> = {
  readonly [K in Exclude<keyof R & string, RecordBase | Statics>]: RecordCall<R[K]> & {
    readonly method: K;
  };
};

type ValueOf<T> = T[keyof T];

/**
 * The recurring tasks of a model, by their names: a method, an argument, a key or a unit that there is not is a compile
 * error.
 *
 * @example
 * static readonly cron: RecurringTasks<typeof Night> = {
 *   nightly: { schedule: "30 2 * * *", timeZone: "Europe/Berlin", method: "run", args: [7] },
 * };
 */
export type RecurringTasks<M extends ModelLike> = {
  readonly [name: string]: RecurringOptions &
    (ValueOf<StaticCalls<M>> | ValueOf<RecordCalls<InstanceType<M>, keyof M>>);
};

/** The recurring tasks of a function, by their names. */
export type RecurringCalls<F> = {
  readonly [name: string]: RecurringOptions &
    (F extends (...args: infer A) => unknown ? Args<A> : never);
};
