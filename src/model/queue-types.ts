/** The types of `Model.__queue__`. */
import type { TaskPolicy } from "../policies/table.ts";
import type { TaskOptions } from "../push/task-options.ts";
import type { Mark } from "../redaction/marks.ts";
import type { TaskHandle } from "../tasks/handle.ts";
import type { Jsonable } from "../values/jsonable.ts";
import type { Model } from "./model.ts";

/** Method types, so that a model may declare its queue more exactly than this. */
interface AnyCall {
  call(
    instances: One<AnyRecord> | Iterable<One<AnyRecord>>,
    ...args: unknown[]
  ): Promise<number | number[]>;
  callWithOptions(
    instances: One<AnyRecord> | Iterable<One<AnyRecord>>,
    ...args: unknown[]
  ): Promise<TaskHandle | TaskHandle[]>;
}

/** Another way to call the same method: with options, which win over the context's keys, for handles of the tasks. */
export interface WithOptions<Call> {
  /** @example const task = await Label.__queue__.print.with({ attempts: 3, ref: "label-7" })(label); */
  with(this: void, options: TaskOptions): Call;
}

interface AnyRecord {
  readonly id: number;
}

/** Without a declaration: any method, with any records or ids, and any arguments; the push itself checks those. */
export type UntypedQueue = Record<
  string,
  AnyCall["call"] & WithOptions<AnyCall["callWithOptions"]>
>;

/** Properties of tq's own classes, which tasks cannot call. */
type StaticBase =
  | "prototype"
  | "__queue__"
  | "__name__"
  | "tasks"
  | "cron"
  | "redact"
  | SqlStatics
  | keyof typeof Model;
type SqlStatics = "create" | "browse" | "search" | "save" | "delete" | "lock";
type RecordBase = "id" | "save" | "delete" | "toJSON" | keyof Model;

type ModelLike = abstract new (...args: never) => object;

export type JsonArgs<A extends readonly unknown[]> = { [I in keyof A]: Jsonable<A[I]> };

/** A record of type R, as a push takes it: the record, or its id. */
type One<R> = R | number;

/** A static method that takes the records, or one record; the type `never` for one without parameters. */
type StaticCall<R, F> = F extends (...args: infer A) => unknown
  ? A extends readonly []
    ? never
    : StaticCallOn<R, F>
  : never;

type StaticCallOn<R, F> = F extends (records: infer First, ...args: infer A) => infer T
  ? R[] extends First
    ? R extends First
      ? Both<R, A, Returned<T>, Returned<T>>
      : Many<R, A, Returned<T>>
    : R extends First
      ? Single<R, A, Returned<T>>
      : never
  : never;

/** A method of the record: called on one, or on each. A call on each has no result. */
type RecordCall<R, F> = F extends (...args: infer A) => infer T
  ? Both<R, A, Returned<T>, undefined>
  : never;

/** The value that a method returns, as its result comes back; unknown where JSON does not carry it. */
export type Returned<T> =
  unknown extends Awaited<T>
    ? unknown
    : [Awaited<T>] extends [void]
      ? undefined
      : [Awaited<T>] extends [Jsonable<Awaited<T>> | undefined]
        ? Awaited<T>
        : unknown;

/** A call of the method, which answers with an id or a handle for each task. */
type ManyCall<R, A extends readonly unknown[], Answer> = (
  records: Iterable<One<R>>,
  ...args: JsonArgs<A>
) => Promise<Answer[]>;

type SingleCall<R, A extends readonly unknown[], Answer> = (
  record: One<R>,
  ...args: JsonArgs<A>
) => Promise<Answer>;

type BothCall<R, A extends readonly unknown[], OfOne, OfEach> = {
  (record: One<R>, ...args: JsonArgs<A>): Promise<OfOne>;
  (records: Iterable<One<R>>, ...args: JsonArgs<A>): Promise<OfEach[]>;
};

type Many<R, A extends readonly unknown[], T> = ManyCall<R, A, number> &
  WithOptions<ManyCall<R, A, TaskHandle<T>>>;

type Single<R, A extends readonly unknown[], T> = SingleCall<R, A, number> &
  WithOptions<SingleCall<R, A, TaskHandle<T>>>;

type Both<R, A extends readonly unknown[], OfOne, OfEach> = BothCall<R, A, number, number> &
  WithOptions<BothCall<R, A, TaskHandle<OfOne>, TaskHandle<OfEach>>>;

type StaticCalls<M extends ModelLike, R> = {
  readonly [
    K in Exclude<keyof M, StaticBase> as StaticCall<R, M[K]> extends never ? never : K
  ]: StaticCall<R, M[K]>;
};

type RecordCalls<M extends ModelLike, R extends object> = {
  readonly [
    K in Exclude<keyof R, RecordBase | keyof M> as RecordCall<R, R[K]> extends never ? never : K
  ]: RecordCall<R, R[K]>;
};

/**
 * The typed `__queue__` of a model: its static methods that take records, and the methods of its records.
 * Arguments that JSON cannot carry are a compile error.
 *
 * @example declare static readonly __queue__: Queue<typeof Sale>;
 */
export type Queue<M extends ModelLike> = StaticCalls<M, InstanceType<M>> &
  RecordCalls<M, InstanceType<M>>;

/**
 * How the tasks of a model run, by the names of its methods: a name or a policy that there is not is a compile error.
 *
 * @example static readonly tasks: TaskPolicies<typeof Label> = { print: { attempts: 5, timeout: "30s" } };
 */
export type TaskPolicies<M extends ModelLike> = {
  readonly [K in keyof Queue<M>]?: Omit<TaskPolicy, "instances" | "onFailed"> & {
    readonly onFailed?: keyof Queue<M> | "none" | null;
    readonly instances?: K extends keyof M ? InstancesOf<InstanceType<M>, M[K]> : never;
  };
};

/**
 * The secrets in the tasks of a model: names of fields, paths such as `card.number`, and places of arguments from 0. A
 * list counts for all its methods; an object says them by the names of methods.
 *
 * @example static readonly redact: Redact<typeof Card> = ["pin"];
 * @example static readonly redact: Redact<typeof Card> = { charge: [0, "card.number"] };
 */
export type Redact<M extends ModelLike> =
  readonly Mark[] | { readonly [K in keyof Queue<M>]?: readonly Mark[] };

/** `"many"` for a static method that takes a list of records, `"one"` for one that takes a record. */
type InstancesOf<R, F> = F extends (records: infer First, ...args: never) => unknown
  ? (R[] extends First ? "many" : never) | (R extends First ? "one" : never)
  : never;
