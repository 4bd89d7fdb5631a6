declare module "tq" {
export * as v from "tq:internal/valibot";
export { Decimal } from "tq:internal/values/decimal";
export { TqError } from "tq:internal/errors";
export { UserError } from "tq:internal/errors";
export { UserWarning } from "tq:internal/errors";
export { Cancel } from "tq:internal/policies/verdicts";
export { Retry } from "tq:internal/policies/verdicts";
export { Snooze } from "tq:internal/policies/verdicts";
export { Failure } from "tq:internal/failure";
export { Backoff } from "tq:internal/policies/backoff";
export { TaskPolicy } from "tq:internal/policies/table";
export { backup } from "tq:internal/transaction/backup";
export { currentTask } from "tq:internal/transaction/current-task";
export { CurrentTask } from "tq:internal/transaction/current-task";
export { Model } from "tq:internal/model/model";
export { ModelSQL } from "tq:internal/model/model-sql";
export { task } from "tq:internal/model/task-function";
export { TaskFunction } from "tq:internal/model/task-function";
export { push } from "tq:internal/push/push";
export { pushMany } from "tq:internal/push/push";
export { PushOptions } from "tq:internal/push/task-options";
export { TaskOptions } from "tq:internal/push/task-options";
export { Queue } from "tq:internal/model/queue-types";
export { Redact } from "tq:internal/model/queue-types";
export { TaskPolicies } from "tq:internal/model/queue-types";
export { RecurringTasks } from "tq:internal/model/recurring-types";
export { Transaction } from "tq:internal/transaction/transaction";
export { TransactionOptions } from "tq:internal/transaction/transaction";
export { SqlRows } from "tq:internal/transaction/sql";
export { SqlValue } from "tq:internal/transaction/sql";
export { TransactionSql } from "tq:internal/transaction/sql";
export { startWorker } from "tq:internal/start-worker";
export { EmbeddedWorker } from "tq:internal/embed";
export { WorkerOptions } from "tq:internal/embed";
export { WorkerEvent } from "tq:internal/log/events";
export { WorkerEventName } from "tq:internal/log/events";
export { tasks } from "tq:internal/tasks/tasks";
export { Tasks } from "tq:internal/tasks/tasks";
export { ResultNotKeptError } from "tq:internal/tasks/ended-errors";
export { TaskFailedError } from "tq:internal/tasks/ended-errors";
export { TimeoutError } from "tq:internal/tasks/ended-errors";
export { TaskHandle } from "tq:internal/tasks/handle";
export { ResultOptions } from "tq:internal/tasks/wait-options";
export { WatchOptions } from "tq:internal/tasks/wait-options";
export { PauseOptions } from "tq:internal/tasks/pauses";
export { Pausing } from "tq:internal/tasks/pauses";
export { Pause } from "tq:internal/store/pauses";
export { WatchedTask } from "tq:internal/tasks/watch";
export { TaskProgress } from "tq:internal/store/task-output";
export { Why } from "tq:internal/tasks/why/explanation";
export { TaskFilter } from "tq:internal/tasks/filter";
export { PathValue } from "tq:internal/tasks/path-condition";
export { Attempt } from "tq:internal/task";
export { AttemptOutcome } from "tq:internal/task";
export { Task } from "tq:internal/task";
export { TaskError } from "tq:internal/task";
export { TaskState } from "tq:internal/task";
}

declare module "tq:internal/values/decimal" {
/** A value to make a Decimal of. A number counts as its shortest text: `0.1` is one tenth, exactly. */
export type DecimalLike = Decimal | string | number | bigint;
/**
 * An exact, immutable decimal number, written as Python's `Decimal` writes it: `"1.50"` stays `1.50`, though it
 * equals `1.5`. Sums, differences and products are exact; `round` and `div` say how many decimals they keep.
 * There is no NaN, no infinity and no negative zero.
 *
 * @example new Decimal("19.99").mul(3).toString() // "59.97"
 */
export class Decimal {
    /** All digits as one whole number: 150 for `1.50`. */
    readonly coefficient: bigint;
    /** The power of ten to multiply the coefficient with: -2 for `1.50`. */
    readonly exponent: number;
    /** @throws TqError `invalid` when the value is not a finite decimal number */
    constructor(value: DecimalLike);
    add(other: DecimalLike): Decimal;
    sub(other: DecimalLike): Decimal;
    mul(other: DecimalLike): Decimal;
    /** The quotient with exactly this many decimals, half to even. @throws TqError `invalid` when `other` is 0. */
    div(other: DecimalLike, places: number): Decimal;
    neg(): Decimal;
    /**
     * The nearest number with exactly this many decimals, half to even: `1.005` to 2 places is `1.00`, `1.5` is
     * `1.50`. Negative places round to tens, hundreds and so on.
     */
    round(places: number): Decimal;
    /** -1, 0 or 1: less than, equal to or greater than the other. */
    compare(other: DecimalLike): -1 | 0 | 1;
    /** True when both are the same number, however they are written: `1.50` equals `1.5`. */
    equals(other: DecimalLike): boolean;
    /** The nearest JavaScript number; digits beyond its precision are lost. */
    toNumber(): number;
    /** The text as Python writes it: `1.50`, `1E+3`, `1E-7`. */
    toString(): string;
    toJSON(): string;
    /** Refuses `a < b` and `a + b`, which would compare and join texts. */
    valueOf(): never;
}
export {};
}

declare module "tq:internal/errors" {
/** Errors that tq throws on purpose. Any other error is a bug, or the user's own. */
export const ERROR_CODES: readonly [
/** A value, flag, setting or argument is wrong. */
"invalid", 
/** The task, model, method, program or database does not exist. */
"not_found", 
/** The thing exists, but its state does not allow this now. */
"conflict", 
/** Another program holds the database for longer than `database.timeout`, or another transaction of this one does. */
"busy", 
/** The database cannot be used: not SQLite, from a newer tq, read-only, damaged, replaced. */
"database", 
/** The models cannot be loaded, or their files were changed under a running worker. */
"models", 
/** The request to the admin API has no valid token, or comes from a web page or host that may not send it. */
"unauthorized", 
/** The queue or the disk is full: the push is refused. */
"full", 
/** The commit was made or tried, and the disk did not confirm it: what it stored may be there, or be lost later. */
"uncertain"];
export type ErrorCode = (typeof ERROR_CODES)[number];
interface TqErrorOptions extends ErrorOptions {
    /** The task that is in the way. */
    readonly task?: {
        readonly id: number;
        readonly state: string;
    };
}
/**
 * A refusal with a sentence: what is wrong, where, and what to do.
 *
 * @example throw new TqError("conflict", "Cannot retry task 42: it is running; cancel it first")
 */
export class TqError extends Error {
    readonly code: ErrorCode;
    /** The task that is in the way: the one that has the ref of a refused push. */
    readonly task?: {
        readonly id: number;
        readonly state: string;
    };
    constructor(code: ErrorCode, message: string, options?: TqErrorOptions);
}
/**
 * An error whose message is for a person to read, as `trytond.exceptions.UserError`. A task that throws it fails.
 */
export class UserError extends Error {
    /** More about it; it follows the message in the log and in the task's reason, as in Tryton. */
    readonly description?: string;
    constructor(message: string, description?: string | ErrorOptions, options?: ErrorOptions);
}
/** A question to a person, as `trytond.exceptions.UserWarning`. A task that throws it fails, as with UserError. */
export class UserWarning extends UserError {
    /** The name under which Tryton keeps a person's answer. */
    readonly warning: string;
    /** The arguments of Tryton's: the message is the second. */
    constructor(warning: string, message: string, description?: string, options?: ErrorOptions);
}
export {};
}

declare module "tq:internal/policies/verdicts" {
import { DurationLike } from "tq:internal/values/duration";
import { MomentLike } from "tq:internal/values/moment";
/**
 * Ends the run as one that failed, and says when the task is tried again. It uses up an attempt of the method's policy,
 * and fails the task where none is left.
 *
 * @example throw new Retry("5m", "the printer is off");
 */
export class Retry extends Error {
    /**
     * @param after a length of time from now, or a point in time; null: as the policy's backoff says.
     * @throws TqError "invalid"
     */
    constructor(after?: DurationLike | MomentLike | null, reason?: string);
}
/**
 * Puts the task off, without using up an attempt: what the run has written is rolled back, and the method is called
 * again later.
 *
 * @example throw new Snooze("1h", "the shop is closed");
 */
export class Snooze extends Error {
    /**
     * @param until a length of time from now, or a point in time. Less than 1 s, or a time that is past, counts as 1 s.
     * @throws TqError "invalid"
     */
    constructor(until: DurationLike | MomentLike, reason?: string | null);
}
/**
 * Ends the task as cancelled: what the run has written is rolled back, and it is not run again.
 *
 * @example throw new Cancel("the sale was deleted");
 */
export class Cancel extends Error {
    constructor(reason: string);
}
export {};
}

declare module "tq:internal/values/duration" {
/** A length of time in named units; fractions, negative amounts and mixed signs are fine. */
export interface DurationFields {
    readonly weeks?: number | undefined;
    readonly days?: number | undefined;
    readonly hours?: number | undefined;
    readonly minutes?: number | undefined;
    readonly seconds?: number | undefined;
    readonly milliseconds?: number | undefined;
    readonly microseconds?: number | undefined;
    readonly nanoseconds?: number | undefined;
}
/** A length of time: a `Temporal.Duration`, named units (`{ minutes: 5 }`) or text (`"5m"`, or ISO 8601: `"PT5M"`). */
export type DurationLike = Temporal.Duration | DurationFields | string;
type ShortUnit = "w" | "d" | "h" | "m" | "s" | "ms";
/** A length of time as text of which the compiler knows that it has a unit: `"30s"`, `"1h30m"`, `"PT5M"`. */
export type DurationText = `${number}${ShortUnit}` | `${number}${ShortUnit}${number}${ShortUnit}` | `P${string}`;
/** A length of time as `DurationLike`, where a text without a unit does not compile. */
export type Duration = Temporal.Duration | DurationFields | DurationText;
export {};
}

declare module "tq:internal/values/moment" {
/** A point in time. Text is ISO 8601; without a zone it is local time, as a `Temporal.PlainDateTime` is. */
export type MomentLike = Temporal.Instant | Temporal.ZonedDateTime | Temporal.PlainDateTime | Date | string;
export {};
}

declare module "tq:internal/failure" {
/** A task that has failed for good, as a method that `onFailed` names gets it. */
export interface Failure {
    /** The id of the task. */
    readonly task: number;
    /** The call: `label.print`, or the name of a function. */
    readonly call: string;
    /** The error of its last run, or why it was set aside. */
    readonly reason: string;
    /** How many runs it had in all. */
    readonly attempts: number;
}
export {};
}

declare module "tq:internal/policies/backoff" {
import { Duration } from "tq:internal/values/duration";
const SHAPES: readonly ["exponential", "linear", "fixed"];
type Shape = (typeof SHAPES)[number];
/** How the waits between attempts grow. */
interface BackoffRule {
    /** Default: `"exponential"`. */
    readonly kind?: Shape;
    /** The first wait; default: 10 s. */
    readonly first?: Duration;
    /** By how much each wait of `"exponential"` is longer than the one before; default: 2. */
    readonly factor?: number;
    /** No wait is longer; default: 1 h, or `first` where that is longer. */
    readonly longest?: Duration;
    /** The random part of each wait, from 0 to 1; true: 1. Default: 1, and 0 for `"fixed"`. */
    readonly jitter?: number | boolean;
}
/**
 * How long to wait after an attempt that failed: a function gets the error and the number of the attempt, from 1, and
 * returns the length of time, or null for a task that is not to be tried again.
 */
export type BackoffFunction = (error: unknown, attempt: number) => Duration | null;
/** The wait before each attempt: a word, a rule, one wait for all, a list whose last wait repeats, or a function. */
export type Backoff = Shape | BackoffRule | Duration | readonly Duration[] | BackoffFunction;
export {};
}

declare module "tq:internal/policies/table" {
import { Duration } from "tq:internal/values/duration";
import { Backoff } from "tq:internal/policies/backoff";
import { ErrorClass } from "tq:internal/policies/error-filter";
import { ErrorFilter } from "tq:internal/policies/error-filter";
export type Instances = "one" | "many";
/** How the tasks of one method run, as a model says it. */
export interface TaskPolicy {
    /** How many runs may fail before the task does, the first one included; default: 1. */
    readonly attempts?: number;
    /** How long to wait before each further attempt; default: a random time of up to 10 s, 20 s, 40 s, … 1 h. */
    readonly backoff?: Backoff;
    /** The errors that are tried again, by their classes or names, or a function; default: all but UserError. */
    readonly retryOn?: ErrorFilter | ErrorClass | string;
    /** The errors that fail the task at once, whatever `retryOn` says; default: none. */
    readonly failOn?: ErrorFilter | ErrorClass | string;
    /** The longest time of one run; default: no limit, as null and "none". */
    readonly timeout?: Duration | "none" | null;
    /** A task that has not started this long after it could is cancelled; default: no limit, as null and "none". */
    readonly expires?: Duration | "none" | null;
    /**
     * A method of the same model, which a task calls once a task has failed for good: on its records, with a `Failure`. For
     * a function: the name of another function. Default: none, as null and "none".
     */
    readonly onFailed?: string | null;
    /** A task none of whose records exists finishes without a call, or fails; default: `"skip"`. */
    readonly missing?: "skip" | "fail";
    /**
     * false: the method runs alone and outside any transaction, for long I/O or code with a connection of its
     * own. It may start transactions; the claim of its task guards its end all the same. Default: true.
     */
    readonly transaction?: boolean;
    /**
     * true: a task fails whose method ends without having awaited each query, write and push of tq that it began. The
     * error names the line. Default: false.
     */
    readonly strict?: boolean;
    /**
     * The records that a static method takes. `"many"`: always a list, of one record where one id was pushed; `"one"`:
     * one record, and for a list it is called with each in turn. Default: as they were pushed.
     */
    readonly instances?: Instances;
}
export {};
}

declare module "tq:internal/policies/error-filter" {
/** A class of errors, as `instanceof` takes it. */
export type ErrorClass = abstract new (...args: never) => Error;
/** Errors by their classes or by their `name` or `code`, or a function that says true for them. */
export type ErrorFilter = readonly (ErrorClass | string)[] | ((error: unknown) => boolean);
export {};
}

declare module "tq:internal/transaction/backup" {
/**
 * Writes a copy of the whole database, as it was last committed, into a new file, or into a folder that is there. It is
 * on disk, and was read again, when the promise resolves. Others write meanwhile. It blocks its thread, some ten seconds
 * for each gigabyte.
 *
 * @throws TqError "invalid" when a file is there, or the folder cannot be written; "full" when the disk has no room.
 * @example await backup("/srv/backup/monday.db");
 */
export function backup(path: string): Promise<void>;
export {};
}

declare module "tq:internal/transaction/current-task" {
export interface CurrentTask {
    readonly id: number;
    /** The number of this run among those that began, from 1. */
    readonly attempt: number;
    readonly model: string;
    /** null: the task calls a plain function, whose name `model` is. */
    readonly method: string | null;
    readonly queue: string;
    /** The user of the task, also where its method runs outside any transaction. */
    readonly user: number;
    /** The context of the task, frozen; a transaction that the task starts has it too, unless it is given another. */
    readonly context: Readonly<Record<string, unknown>>;
    /**
     * Aborts when the run should end: its timeout has passed, its task was cancelled, or its worker stops. `fetch`,
     * `Bun.spawn` and timers take it. A run that goes on is ended with its thread after `worker.timeout_grace`; the work
     * of one that ends by itself is undone too, however it ends. Transactions that a method without one of its own has
     * committed stay.
     */
    readonly signal: AbortSignal;
    /**
     * Says how far the task is: `progress(7, 9, "page 7")`. Other programs see it at once; call it as often as you like.
     *
     * @param total null, or left out: it is not known.
     */
    progress(this: void, done: number, total?: number | null, text?: string | null): void;
    /**
     * Prints a line and keeps it with the run, as `console.log` does in a worker; other values than texts are written as
     * `console.log` writes them. After the end of the run a line is printed, and not kept.
     */
    log(this: void, ...values: unknown[]): void;
}
/**
 * The task that this code runs in; undefined outside a task, and once the task has ended. Effects outside the
 * database happen at least once: with the id of the task as a key, the other side can tell a repetition.
 *
 * @example await pay(sale, { idempotencyKey: `sale-${currentTask()?.id}` });
 */
export function currentTask(): CurrentTask | undefined;
export {};
}

declare module "tq:internal/model/model" {
import { BASE } from "tq:internal/registry/model-class";
import { UntypedQueue } from "tq:internal/model/queue-types";
/**
 * The base of every model. Give the model a name and methods; its records are ids.
 *
 * @example
 * export class Mailer extends Model {
 *   static override readonly __name__ = "mailer";
 *   static async send(records: Mailer[], address: string) { … }
 * }
 */
export class Model {
    static readonly [BASE] = true;
    /** The name that tasks are stored under, for example "sale.line". */
    static readonly __name__: string;
    readonly id: number;
    constructor(id?: number);
    /**
     * Stores calls as tasks: `Model.__queue__.method(records, ...args)` resolves to the ids of the tasks, or to one id
     * for a single record. Declare it as `Queue<typeof YourModel>` for typed calls.
     *
     * @throws TqError "not_found" for a method that does not exist, "invalid" for an argument that JSON cannot carry.
     * @see https://docs.tryton.org/latest/server/topics/task_queue.html
     */
    static get __queue__(): UntypedQueue;
    /** The records of these ids, in order. A model without a table has a record for each id. */
    static browse<M extends typeof Model>(this: M, ids: readonly number[]): Promise<InstanceType<M>[]>;
}
export {};
}

declare module "tq:internal/registry/model-class" {
/**
 * Marks tq's own base classes: tasks cannot call what they define. The marks are registered symbols, as a
 * compiled program may carry two copies of this file.
 */
export const BASE: unique symbol;
export {};
}

declare module "tq:internal/model/queue-types" {
import { TaskPolicy } from "tq:internal/policies/table";
import { TaskOptions } from "tq:internal/push/task-options";
import { Mark } from "tq:internal/redaction/marks";
import { TaskHandle } from "tq:internal/tasks/handle";
import { Jsonable } from "tq:internal/values/jsonable";
import { Model } from "tq:internal/model/model";
/** Method types, so that a model may declare its queue more exactly than this. */
interface AnyCall {
    call(instances: One<AnyRecord> | Iterable<One<AnyRecord>>, ...args: unknown[]): Promise<number | number[]>;
    callWithOptions(instances: One<AnyRecord> | Iterable<One<AnyRecord>>, ...args: unknown[]): Promise<TaskHandle | TaskHandle[]>;
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
export type UntypedQueue = Record<string, AnyCall["call"] & WithOptions<AnyCall["callWithOptions"]>>;
/** Properties of tq's own classes, which tasks cannot call. */
type StaticBase = "prototype" | "__queue__" | "__name__" | "tasks" | "cron" | "redact" | SqlStatics | keyof typeof Model;
type SqlStatics = "create" | "browse" | "search" | "save" | "delete" | "lock";
type RecordBase = "id" | "save" | "delete" | "toJSON" | keyof Model;
type ModelLike = abstract new (...args: never) => object;
export type JsonArgs<A extends readonly unknown[]> = {
    [I in keyof A]: Jsonable<A[I]>;
};
/** A record of type R, as a push takes it: the record, or its id. */
type One<R> = R | number;
/** A static method that takes the records, or one record; the type `never` for one without parameters. */
type StaticCall<R, F> = F extends (...args: infer A) => unknown ? A extends readonly [] ? never : StaticCallOn<R, F> : never;
type StaticCallOn<R, F> = F extends (records: infer First, ...args: infer A) => infer T ? R[] extends First ? R extends First ? Both<R, A, Returned<T>, Returned<T>> : Many<R, A, Returned<T>> : R extends First ? Single<R, A, Returned<T>> : never : never;
/** A method of the record: called on one, or on each. A call on each has no result. */
type RecordCall<R, F> = F extends (...args: infer A) => infer T ? Both<R, A, Returned<T>, undefined> : never;
/** The value that a method returns, as its result comes back; unknown where JSON does not carry it. */
export type Returned<T> = unknown extends Awaited<T> ? unknown : [Awaited<T>] extends [void] ? undefined : [Awaited<T>] extends [Jsonable<Awaited<T>> | undefined] ? Awaited<T> : unknown;
/** A call of the method, which answers with an id or a handle for each task. */
type ManyCall<R, A extends readonly unknown[], Answer> = (records: Iterable<One<R>>, ...args: JsonArgs<A>) => Promise<Answer[]>;
type SingleCall<R, A extends readonly unknown[], Answer> = (record: One<R>, ...args: JsonArgs<A>) => Promise<Answer>;
type BothCall<R, A extends readonly unknown[], OfOne, OfEach> = {
    (record: One<R>, ...args: JsonArgs<A>): Promise<OfOne>;
    (records: Iterable<One<R>>, ...args: JsonArgs<A>): Promise<OfEach[]>;
};
type Many<R, A extends readonly unknown[], T> = ManyCall<R, A, number> & WithOptions<ManyCall<R, A, TaskHandle<T>>>;
type Single<R, A extends readonly unknown[], T> = SingleCall<R, A, number> & WithOptions<SingleCall<R, A, TaskHandle<T>>>;
type Both<R, A extends readonly unknown[], OfOne, OfEach> = BothCall<R, A, number, number> & WithOptions<BothCall<R, A, TaskHandle<OfOne>, TaskHandle<OfEach>>>;
type StaticCalls<M extends ModelLike, R> = {
    readonly [K in Exclude<keyof M, StaticBase> as StaticCall<R, M[K]> extends never ? never : K]: StaticCall<R, M[K]>;
};
type RecordCalls<M extends ModelLike, R extends object> = {
    readonly [K in Exclude<keyof R, RecordBase | keyof M> as RecordCall<R, R[K]> extends never ? never : K]: RecordCall<R, R[K]>;
};
/**
 * The typed `__queue__` of a model: its static methods that take records, and the methods of its records.
 * Arguments that JSON cannot carry are a compile error.
 *
 * @example declare static readonly __queue__: Queue<typeof Sale>;
 */
export type Queue<M extends ModelLike> = StaticCalls<M, InstanceType<M>> & RecordCalls<M, InstanceType<M>>;
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
export type Redact<M extends ModelLike> = readonly Mark[] | {
    readonly [K in keyof Queue<M>]?: readonly Mark[];
};
/** `"many"` for a static method that takes a list of records, `"one"` for one that takes a record. */
type InstancesOf<R, F> = F extends (records: infer First, ...args: never) => unknown ? (R[] extends First ? "many" : never) | (R extends First ? "one" : never) : never;
export {};
}

declare module "tq:internal/tasks/handle" {
import { Attempt } from "tq:internal/task";
import { Task } from "tq:internal/task";
import { TaskError } from "tq:internal/task";
import { ResultOptions } from "tq:internal/tasks/wait-options";
import { WatchOptions } from "tq:internal/tasks/wait-options";
import { WatchedTask } from "tq:internal/tasks/watch";
import { Why } from "tq:internal/tasks/why/explanation";
/** A task that was pushed, in the database to which it was pushed. Each method is that of `tasks` for its id. */
export class TaskHandle<T = unknown> {
    #private;
    readonly id: number;
    /** The task; null where it was cleaned, and before the commit of the transaction that pushed it. */
    get(): Promise<Task | null>;
    /** The value that the method returned, once the task has ended. */
    result(options?: ResultOptions): Promise<T>;
    watch(options?: WatchOptions): AsyncGenerator<WatchedTask, void, void>;
    attempts(): Promise<Attempt[]>;
    errors(): Promise<TaskError[]>;
    why(): Promise<Why | null>;
    cancel(reason?: string): Promise<Task>;
    retry(): Promise<Task>;
}
export {};
}

declare module "tq:internal/task" {
/**
 * A task and its life: the words every other file uses.
 *
 * All times are integers, milliseconds since 1970-01-01 UTC. `context`, `args` and `result` stay JSON text
 * until a value is needed; `encoding.ts` decodes them there.
 */
export const TASK_STATES: readonly ["scheduled", "ready", "running", "finished", "failed", "cancelled"];
export type TaskState = (typeof TASK_STATES)[number];
/**
 * A task as users see it: the columns of the view `tq_tasks`, JSON columns parsed. Times are integers, milliseconds
 * since 1970-01-01 UTC.
 */
export interface Task {
    readonly id: number;
    readonly state: TaskState;
    readonly queue: string;
    readonly priority: number;
    readonly model: string;
    readonly method: string;
    readonly instances: unknown;
    readonly args: unknown;
    readonly user: number;
    readonly context: unknown;
    readonly ref: string | null;
    readonly enqueued_at: number;
    readonly scheduled_at: number | null;
    readonly expected_at: number | null;
    /** The task is cancelled where its first run has not begun by then. */
    readonly expires_at: number | null;
    readonly dequeued_at: number | null;
    readonly finished_at: number | null;
    /** Runs that ended, without those that were cancelled; of a worker that died, those that are known to have run. */
    readonly attempts: number;
    /** Runs that used up an attempt of the policy, since the push or the last retry by hand. */
    readonly failures: number;
    /** Runs whose method asked for a later run, since then. */
    readonly snoozes: number;
    /** Runs that took their thread or process down with them. */
    readonly crashes: number;
    readonly worker: string | null;
    /** The policies that the push itself said, such as `{ attempts: 5 }`; null: none. */
    readonly policy: unknown;
    readonly result: unknown;
    /** Why the task failed, was cancelled, went back to ready or finished without a call of its method; null in all other cases. */
    readonly reason: string | null;
}
/** How a run ended, as the history of a task has it. */
export type AttemptOutcome = "running" | "finished" | "failed" | "cancelled" | "snoozed" | "postponed" | "interrupted" | "crashed";
/** One run of a task: a row of the view `tq_attempts`. Times are ms since 1970 UTC, lengths are ms. */
export interface Attempt {
    readonly task: number;
    /** From 1; a task keeps its last 100. */
    readonly number: number;
    readonly outcome: AttemptOutcome;
    readonly started_at: number | null;
    readonly ended_at: number | null;
    /** How long the task waited for the run once it could begin. */
    readonly waited: number | null;
    readonly ran: number | null;
    /** How long after `expected_at` the run ended; 0: in time; null: the task was not expected by a time. */
    readonly late: number | null;
    readonly reason: string | null;
    /** The name, the code, the message and the stack of its error. */
    readonly name: string | null;
    readonly code: string | number | null;
    readonly message: string | null;
    readonly stack: string | null;
    readonly worker: string | null;
    readonly thread: number | null;
}
/** One recorded error of a task: the same message of the same task is kept once, with a count. */
export interface TaskError {
    readonly id: number;
    readonly task: number;
    readonly name: string;
    readonly code: string | number | null;
    readonly message: string;
    readonly stack: string | null;
    /** The attempt that met it last. */
    readonly attempt: number;
    readonly count: number;
    readonly first_at: number;
    readonly last_at: number;
}
export {};
}

declare module "tq:internal/tasks/wait-options" {
import { Duration } from "tq:internal/values/duration";
export interface WatchOptions {
    /** Ends the wait; it then rejects with the reason of the signal. */
    readonly signal?: AbortSignal | undefined;
}
export interface ResultOptions extends WatchOptions {
    /** The longest time to wait, such as `"30s"`. Default: until the task has ended. */
    readonly timeout?: Duration | undefined;
}
export {};
}

declare module "tq:internal/tasks/watch" {
import { TaskProgress } from "tq:internal/store/task-output";
import { Task } from "tq:internal/task";
/** A task as a watch sees it. */
export interface WatchedTask extends Task {
    /** How far its present run is, as it said last; null: it does not run, or has not said. */
    readonly progress: TaskProgress | null;
}
export {};
}

declare module "tq:internal/store/task-output" {
import { Level } from "tq:internal/log/events";
/** A line that a task has printed or logged. */
export interface OutputLine {
    /** ms since 1970 UTC. */
    readonly at: number;
    readonly level: Level;
    readonly text: string;
}
/** How far a task is, as it said last. */
export interface TaskProgress {
    /** ms since 1970 UTC. */
    readonly at: number;
    readonly done: number;
    /** null: the task does not know. */
    readonly total: number | null;
    readonly text: string | null;
}
export {};
}

declare module "tq:internal/tasks/why/explanation" {
/** One word for each of the sentences, for scripts. */
type Cause = "scheduled" | "retry" | "snoozed" | "postponed" | "paused" | "expired" | "no_worker" | "unserved" | "trouble" | "stopped" | "suspect" | "locked" | "behind" | "busy" | "next" | "running" | "claimed" | "died" | "finished" | "failed" | "cancelled";
export interface Why {
    readonly cause: Cause;
    /** Without a full stop at its end. */
    readonly sentence: string;
    /** The purpose of the command, as in "To … :"; null, as the command: there is none. */
    readonly purpose: string | null;
    readonly command: string | null;
}
export {};
}

declare module "tq:internal/push/task-options" {
import { Backoff } from "tq:internal/policies/backoff";
import { BackoffFunction } from "tq:internal/policies/backoff";
import { Duration } from "tq:internal/values/duration";
import { DurationLike } from "tq:internal/values/duration";
import { MomentLike } from "tq:internal/values/moment";
/** One call to store: what `__queue__` takes from the class, the context and the arguments, by name. */
export type PushOptions = CallOptions & (MethodCall | FunctionCall);
/** A method of a model, called on instances. */
export interface MethodCall {
    readonly method: string;
    /** An id, a record, or a list of them. */
    readonly instances: unknown;
}
/** A plain function: it has a name alone. */
export interface FunctionCall {
    readonly method?: undefined;
    readonly instances?: undefined;
}
export interface CallOptions {
    /** The name of the model, or of the function. */
    readonly model: string;
    readonly args?: readonly unknown[];
    /** Default: the current transaction's user, else 0. */
    readonly user?: number;
    /** Default: the current transaction's context without its `queue_*` keys, else empty. */
    readonly context?: Readonly<Record<string, unknown>>;
    readonly queue?: string;
    /** Higher runs first. */
    readonly priority?: number;
    /** A length of time counts from now; null or none: at once. */
    readonly scheduledAt?: DurationLike | MomentLike | null;
    readonly expectedAt?: DurationLike | MomentLike | null;
    /** The task is cancelled where its first run has not begun by then; null or "none": never, whatever its policy says. */
    readonly expiresAt?: DurationLike | MomentLike | null;
    /** How many runs of the task may fail before it does, instead of what the policy of its method says. */
    readonly attempts?: number | null;
    /** How long to wait before each further attempt. */
    readonly backoff?: Exclude<Backoff, BackoffFunction> | null;
    /** The longest time of one run; null or "none": no limit, whatever its policy says. */
    readonly timeout?: Duration | "none" | null;
    /** Instances per task; true: the setting `queue.batch_size`. Only for a list, and where workers run the tasks. */
    readonly batch?: number | boolean | null;
    /** A text of your choosing, unique among all tasks; with it a push can be made twice without harm. */
    readonly ref?: string | null;
}
/** A call of `__queue__` takes these by `with`: the options of `push()` that are no part of the call. */
export type TaskOptions = Omit<CallOptions, "model" | "args" | "user" | "context">;
export {};
}

declare module "tq:internal/model/model-sql" {
import { Fields } from "tq:internal/registry/fields";
import { SqlModel } from "tq:internal/model/sql-types";
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
export function ModelSQL<const F extends Fields>(name: string, fields: F): SqlModel<F>;
export {};
}

declare module "tq:internal/registry/fields" {
import * as v from "tq:internal/valibot";
export type FieldSchema = v.GenericSchema;
export type Fields = Readonly<Record<string, FieldSchema>>;
export {};
}

declare module "tq:internal/model/sql-types" {
import * as v from "tq:internal/valibot";
import { Clause } from "tq:internal/model/clauses";
import { SearchOptions } from "tq:internal/model/clauses";
import { Fields } from "tq:internal/registry/fields";
import { Model } from "tq:internal/model/model";
/** The values of a record, as read. */
type Values<F extends Fields> = {
    -readonly [K in keyof F]: v.InferOutput<F[K]>;
};
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
    search<M>(this: M, clauses: readonly Clause<keyof F & string>[], options?: SearchOptions<keyof F & string>): Promise<Made<M>[]>;
    /** Saves each record, in order. */
    save<M>(this: M, records: readonly Made<M>[]): Promise<void>;
    /** Deletes the rows of the records, if every column of them still holds what was read. */
    delete<M>(this: M, records: readonly Made<M>[]): Promise<void>;
    /** Takes the write lock at once, keeps it until the transaction ends, and reads the records again. */
    lock<M>(this: M, records: readonly Made<M>[]): Promise<void>;
}
export {};
}

declare module "tq:internal/model/clauses" {
import { Operator } from "tq:internal/store/records";
/** A condition on a field, as in Tryton's domains; a search finds the records for which all of its clauses hold. */
export type Clause<K extends string> = readonly [
    field: K | "id",
    operator: Operator,
    value: unknown
];
export interface SearchOptions<K extends string> {
    readonly order?: readonly (readonly [field: K | "id", direction: "ASC" | "DESC"])[];
    /** The most records to return. Default: all. */
    readonly limit?: number;
    /** Records to skip first. Default: 0. */
    readonly offset?: number;
}
export {};
}

declare module "tq:internal/store/records" {
export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in" | "like" | "not like";
export {};
}

declare module "tq:internal/model/task-function" {
import { TaskPolicy } from "tq:internal/policies/table";
import { Mark } from "tq:internal/redaction/marks";
import { TaskHandle } from "tq:internal/tasks/handle";
import { JsonArgs } from "tq:internal/model/queue-types";
import { Returned } from "tq:internal/model/queue-types";
import { WithOptions } from "tq:internal/model/queue-types";
import { RecurringCalls } from "tq:internal/model/recurring-types";
/** A function that can be pushed as a task. Called itself, it runs at once, as any function does. */
export type TaskFunction<F> = F & {
    /**
     * Stores a call as a task, in the current transaction or in one of its own.
     *
     * @returns the id of the task.
     * @throws TqError "invalid" for an argument that JSON cannot carry.
     */
    readonly push: Push<F, number> & WithOptions<Push<F, TaskHandle<ResultOf<F>>>>;
};
type Push<F, Answer> = (...args: JsonArgs<ArgsOf<F>>) => Promise<Answer>;
type ArgsOf<F> = F extends (...args: infer Args) => unknown ? Args : never;
type ResultOf<F> = F extends (...args: never) => infer Result ? Returned<Result> : never;
/** The policies of a function's tasks: it has no records that could be missing. */
type FunctionPolicy = Omit<TaskPolicy, "missing" | "instances">;
/** How the tasks of a function run, when they come by themselves, and what in them is secret. */
type FunctionOptions<F> = FunctionPolicy & {
    readonly cron?: RecurringCalls<NoInfer<F>>;
    readonly redact?: readonly Mark[];
};
/**
 * Makes a plain function a task. Export it from a models file, and workers run it; its name is what its tasks are
 * stored under, unique among functions and models.
 *
 * @param policy how its tasks run; `cron`: when they come by themselves; `redact`: the fields, and the places of the
 * arguments, that nothing may show.
 * @throws TqError "models" for a name, a policy or a recurring task that cannot be.
 * @example
 * export const thumbnail = task("thumbnail", async (path: string, width: number) => { … });
 * await thumbnail.push("a.png", 200);
 */
export function task<F extends CallableFunction>(name: string, fn: F): TaskFunction<F>;
export function task<F extends CallableFunction>(name: string, policy: FunctionOptions<F>, fn: F): TaskFunction<F>;
export {};
}

declare module "tq:internal/model/recurring-types" {
import { RecurringOptions } from "tq:internal/cron/options";
import { JsonArgs } from "tq:internal/model/queue-types";
import { Model } from "tq:internal/model/model";
type ModelLike = abstract new (...args: never) => object;
/** Properties of a class that are no methods of its tasks. */
type StaticBase = "prototype" | "__queue__" | "__name__" | "tasks" | "cron" | "redact" | keyof typeof Model;
type SqlStatics = "create" | "browse" | "search" | "save" | "delete" | "lock";
type RecordBase = "id" | "save" | "delete" | "toJSON" | keyof Model;
/** The arguments after the records: they can be left out where the method needs none. */
type Args<A extends readonly unknown[]> = [] extends A ? {
    readonly args?: Readonly<JsonArgs<A>>;
} : {
    readonly args: Readonly<JsonArgs<A>>;
};
/** A static method is called with the records of `instances`, or with an empty list. */
type StaticCall<R, F> = F extends (...args: infer All) => unknown ? All extends readonly [] ? {
    readonly instances?: undefined;
    readonly args?: undefined;
} : F extends (records: infer First, ...args: infer A) => unknown ? Args<A> & StaticInstances<R, First> : never : never;
type StaticInstances<R, First> = R[] extends First ? {
    readonly instances?: R extends First ? number | readonly number[] : readonly number[];
} : R extends First ? {
    readonly instances: number;
} : never;
type RecordCall<F> = F extends (...args: infer A) => unknown ? Args<A> & {
    readonly instances: number | readonly number[];
} : never;
type StaticCalls<M extends ModelLike> = {
    readonly [K in Exclude<keyof M & string, StaticBase | SqlStatics>]: StaticCall<InstanceType<M>, M[K]> & {
        readonly method: K;
    };
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
    readonly [name: string]: RecurringOptions & (ValueOf<StaticCalls<M>> | ValueOf<RecordCalls<InstanceType<M>, keyof M>>);
};
/** The recurring tasks of a function, by their names. */
export type RecurringCalls<F> = {
    readonly [name: string]: RecurringOptions & (F extends (...args: infer A) => unknown ? Args<A> : never);
};
export {};
}

declare module "tq:internal/cron/options" {
import { Backoff } from "tq:internal/policies/backoff";
import { BackoffFunction } from "tq:internal/policies/backoff";
import { TaskPolicy } from "tq:internal/policies/table";
import { Duration } from "tq:internal/values/duration";
import { DurationText } from "tq:internal/values/duration";
import { CronValues } from "tq:internal/cron/keys";
type Nickname = "yearly" | "annually" | "monthly" | "weekly" | "daily" | "midnight" | "hourly";
/** When a recurring task comes: `"30 2 * * *"` (minute, hour, day, month, weekday), `"@daily"` or `"every 15m"`. */
type ScheduleText = `@${Nickname}` | `every ${DurationText}` | `${string} ${string} ${string} ${string} ${string}`;
/** When a recurring task comes, and how its tasks are pushed. */
export interface RecurringOptions extends Pick<TaskPolicy, "attempts" | "timeout" | "expires"> {
    readonly schedule: ScheduleText;
    /** The time zone of the schedule, such as `"Europe/Berlin"`. Default: that of the machine. */
    readonly timeZone?: string;
    /** Default: `"default"`. */
    readonly queue?: string;
    /** A task of a higher priority goes first. Default: 0. */
    readonly priority?: number;
    /** The id of the user that its tasks run as. Default: 0. */
    readonly user?: number;
    /** The context that its tasks have, beside `cron: { name, slot }`. */
    readonly context?: Readonly<Record<string, unknown>>;
    /**
     * Decides about slots that passed while no worker ran: `"once"`: the last one runs; `"skip"`: none does; `"all"`: the
     * last `catchUp` of them do. Default: `"once"`.
     */
    readonly missed?: CronValues["missed"];
    /** Default: 100. */
    readonly catchUp?: number;
    /** A slot that passed longer ago than this is not caught up. Default: no limit. */
    readonly grace?: Duration;
    /** Decides about a slot whose earlier task has not ended. Default: `"allow"`: its task runs beside it. */
    readonly overlap?: CronValues["overlap"];
    /** Each task starts this much later at the most, by an amount that each database keeps. Default: 0. */
    readonly jitter?: Duration;
    /** How long to wait before each further attempt. */
    readonly backoff?: Exclude<Backoff, BackoffFunction>;
}
export {};
}

declare module "tq:internal/cron/keys" {
/** How slots are treated that passed while no worker ran. */
type Missed = "skip" | "once" | "all";
/** How a slot is treated whose earlier task has not ended. */
type Overlap = "allow" | "skip" | "wait";
/** The values of these keys; lengths of time are ms. */
export interface CronValues {
    /** `night.run`, or the name of a function. */
    readonly task: string;
    /** An IANA name; null: the zone of the machine that the workers run on. */
    readonly timeZone: string | null;
    /** Ids of records; empty: none. */
    readonly instances: number | readonly number[];
    /** JSON array of the encoded arguments. */
    readonly args: string;
    readonly queue: string;
    readonly priority: number;
    readonly user: number;
    readonly context: Readonly<Record<string, unknown>>;
    readonly missed: Missed;
    /** With "all" the most missed slots whose tasks run. */
    readonly catchUp: number;
    /** A slot that passed longer ago is not caught up; null: however long ago. */
    readonly grace: number | null;
    readonly overlap: Overlap;
    /** The start of each task is this much later at the most, by an amount that each database keeps. */
    readonly jitter: number;
}
export {};
}

declare module "tq:internal/values/jsonable" {
import { Decimal } from "tq:internal/values/decimal";
/** The values that JSON has, and those that `encode` writes with a tag and `decode` gives back the same. */
type Carried = null | boolean | number | string | bigint | Uint8Array | Decimal | Temporal.Instant | Temporal.ZonedDateTime | Temporal.PlainDateTime | Temporal.PlainDate | Temporal.PlainTime | Temporal.Duration;
/**
 * The type to push for a parameter of type `T`: `T` itself where JSON can carry every part of it, and `never` at the
 * places where it cannot: functions, symbols, Map, Set, Promise, and objects with methods. A `Date` arrives as a
 * `Temporal.Instant`: it may be pushed for one, and no method receives a `Date`. `unknown` and `any` stay as they are.
 *
 * @example
 * type A = Jsonable<{ id: number; day?: Temporal.PlainDate }>; // the same
 * type B = Jsonable<{ id: number; seen: Set<number> }>; // { id: number; seen: never }
 */
export type Jsonable<T> = unknown extends T ? T : T extends Carried ? T | (T extends Temporal.Instant ? Date : never) : T extends readonly unknown[] ? {
    [Index in keyof T]: Jsonable<T[Index]>;
} : T extends object ? HasMethods<T> extends true ? never : {
    [Key in keyof T]: Key extends symbol ? never : Member<T[Key]>;
} : never;
/** A property that may be undefined: `encode` leaves it out when it is. */
type Member<T> = unknown extends T ? T : Jsonable<Exclude<T, undefined>> | Extract<T, undefined>;
/** A method that is always there counts; one that may be missing makes only its own property never. */
type HasMethods<T extends object> = T extends Callable | Error ? true : true extends {
    [Key in keyof T]: IsCallable<T[Key]>;
}[keyof T] ? true : false;
type IsCallable<T> = [T] extends [never] ? false : unknown extends T ? false : [T] extends [Callable] ? true : false;
type Callable = ((...args: never) => unknown) | (abstract new (...args: never) => unknown);
export {};
}

declare module "tq:internal/redaction/marks" {
/** The name of a field at any depth, a path such as `card.number`, or the place of an argument, from 0. */
export type Mark = string | number;
export {};
}

declare module "tq:internal/push/push" {
import { PushOptions } from "tq:internal/push/task-options";
/**
 * Stores one call in the current transaction, or in one of its own; durable when it resolves outside a
 * transaction. Whether the method exists shows when it runs.
 *
 * @returns the ids of the tasks: one, or one a batch.
 * @throws TqError "invalid" for what cannot be stored, "conflict" when the ref is taken.
 * @example await push({ model: "sale", method: "process", instances: [7], scheduledAt: "PT5M" });
 * @example await push({ model: "thumbnail", args: ["a.png", 200] }); // a function
 */
export function push(options: PushOptions): Promise<number[]>;
/** Stores many calls in one transaction: all or none. @returns the ids of all tasks, in order. */
export function pushMany(list: readonly PushOptions[]): Promise<number[]>;
export {};
}

declare module "tq:internal/transaction/transaction" {
// @ts-ignore: only @types/bun has it
import { Database } from "bun:sqlite";
import { TransactionSql } from "tq:internal/transaction/sql";
export type Context = Readonly<Record<string, unknown>>;
export interface TransactionOptions {
    /** Id of the user; 0 is the root user, as in Tryton. Default: that of the task that starts the transaction, else 0. */
    readonly user?: number;
    /** A plain object; tasks pushed in the transaction run with it as well. Default: the task's, else `{}`. */
    readonly context?: Context;
    /**
     * true: the transaction takes the write lock at its start, and after a `commit` in its middle at the next read, so that
     * rows it reads cannot change until it commits or ends.
     */
    readonly lock?: boolean;
}
/**
 * A unit of work with a user and a context: the database changes and the tasks pushed in it commit
 * together or not at all. Same meaning as Tryton's `trytond.transaction.Transaction`.
 */
export class Transaction {
    #private;
    readonly user: number;
    /** Frozen; `setContext` runs code with another one. */
    readonly context: Context;
    /**
     * Runs `fn` in a new transaction, commits when it returns and rolls back when it throws. Where no
     * worker is configured, the tasks pushed in it run before this resolves, each in its own transaction;
     * their failures are recorded and do not reach the caller.
     *
     * @returns what `fn` returns.
     * @throws what `fn` throws; TqError "conflict" inside another transaction.
     * @example await Transaction.start({ user: 1 }, async () => { await sale.save(); });
     */
    static start<T>(options: TransactionOptions, fn: () => Promise<T> | T): Promise<T>;
    /** @throws TqError "conflict" outside a transaction. */
    static get current(): Transaction;
    /**
     * SQL of your own that commits and rolls back with this transaction, on every database: a template tag. From its
     * first statement on the transaction holds the write lock.
     *
     * @example const [{ total }] = await Transaction.current.sql`SELECT total FROM sale WHERE id = ${id}`;
     */
    get sql(): TransactionSql;
    /**
     * The `bun:sqlite` connection of this transaction, for an ORM, or for SQL that needs an answer without `await`. It
     * commits and rolls back with the transaction, which holds the write lock from here on, and refuses to work once the
     * transaction has ended.
     *
     * @throws TqError "conflict" where the database is not SQLite: use `sql`.
     */
    get database(): Database;
    /**
     * Commits what was done so far, and the transaction goes on.
     *
     * @throws TqError "conflict" when a record was changed by another transaction, or when the task has lost its claim.
     */
    commit(): Promise<void>;
    /** Runs `fn` with these keys added to the context, in the same transaction. */
    setContext<T>(more: Context, fn: () => Promise<T> | T): Promise<T>;
    /** Runs `fn` as another user, in the same transaction. */
    setUser<T>(user: number, fn: () => Promise<T> | T): Promise<T>;
}
export {};
}

declare module "tq:internal/transaction/sql" {
/** A value that a statement takes: a text, a number, a bigint, a boolean, bytes or null. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null;
/** The rows of a statement, each an object by column; `values()` resolves to each row as a list of its values. */
export interface SqlRows<Row> extends Promise<Row[]> {
    values(): Promise<unknown[][]>;
}
export interface TransactionSql {
    /**
     * Runs one statement; each `${value}` becomes a parameter, never text.
     *
     * @throws TqError "conflict" for a statement that would end the transaction, "invalid" for a value that the database
     * cannot take and for more than one statement; the driver's error for SQL that is wrong.
     * @example const rows = await sql`SELECT total FROM sale WHERE id = ${id}`;
     */
    <Row = Record<string, unknown>>(text: TemplateStringsArray, ...values: readonly SqlValue[]): SqlRows<Row>;
    /** Runs a text with the placeholders of the database, such as `?1` on SQLite. It throws as the tag does. */
    unsafe<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): SqlRows<Row>;
}
export {};
}

declare module "tq:internal/start-worker" {
import { EmbeddedWorker } from "tq:internal/embed";
import { WorkerOptions } from "tq:internal/embed";
/**
 * Starts a worker inside this program, with threads of its own, as `tq worker` starts one. While it runs, the tasks
 * that this program pushes go to its database, and workers run them, not the program. Of several workers the one
 * started last counts; once all have stopped, the settings count again.
 *
 * @throws TqError when a setting is wrong, the models cannot be loaded or the database cannot be used.
 * @example const worker = await startWorker({ database: "shop.db", models: "./models.ts", threads: 2 });
 */
export function startWorker(options?: WorkerOptions): Promise<EmbeddedWorker>;
export {};
}

declare module "tq:internal/embed" {
import { WorkerEvent } from "tq:internal/log/events";
import { WorkerEventName } from "tq:internal/log/events";
import { Summary } from "tq:internal/worker/options";
/** Where the admin API listens. */
interface AdminListen {
    /** `HOST:PORT`; port 0 picks a free one. Or `unix:PATH`. Default: the setting `admin.listen`. */
    readonly listen?: string | undefined;
    /** Allows an address that is not loopback. */
    readonly insecure?: boolean | undefined;
}
/** The options of `startWorker`. One that is left out comes from tq.toml and the environment, as for `tq worker`. */
export interface WorkerOptions {
    /** Path of a tq.toml. Default: tq.toml in the current folder, if there is one. */
    readonly config?: string;
    /** Path of the database. Default: the setting `database.path`. */
    readonly database?: string;
    /** Path of a file or a folder of models, or a list of them. Default: the setting `models`. */
    readonly models?: string | readonly string[];
    /** Names and patterns of the queues to run. Default, also for an empty list: the setting `worker.queues`. */
    readonly queues?: readonly string[];
    /** Threads that run tasks. Default: the setting `worker.threads`. */
    readonly threads?: number;
    /** Serves the admin API as well. Default: false. */
    readonly admin?: boolean | AdminListen;
    /** true: the worker stops once no task is ready or running. "all": it waits for scheduled tasks as well. */
    readonly drain?: boolean | "all";
    /** Loads the models anew, thread by thread, as soon as their files have changed. Default: false. */
    readonly watch?: boolean;
    /** Stops the worker once the process that started this one has ended. */
    readonly exitWithParent?: boolean;
    /**
     * Receives the events of the worker and of its threads: its start and stop, and of each run its start and its end.
     * Without it, the worker's own go to the log on standard error, where the threads write theirs in any case.
     */
    readonly report?: (event: WorkerEvent) => void;
}
export interface EmbeddedWorker {
    /** The URL of the admin API; null without one. */
    readonly url: string | null;
    /**
     * Resolves once the worker has stopped, by itself or by `stop`, with counts of its tasks.
     *
     * @throws TqError "database" when the database is lost.
     */
    readonly stopped: Promise<Summary>;
    /**
     * Stops the worker: it claims no more tasks, lets running tasks end within the setting `worker.grace` ("now":
     * interrupts them at once), and puts back those that did not end. Never rejects.
     */
    stop(this: void, how?: "graceful" | "now"): Promise<void>;
    /**
     * Has the threads load the models anew, one after another: what runs ends first. Where they cannot be loaded, the
     * threads go on with those that they have. The events `models.loaded` and `models.refused` tell which.
     */
    reload(this: void): void;
    /**
     * Calls the listener with each event of this name, of the worker and of its threads, in this process.
     *
     * @returns a function that ends that.
     * @example worker.on("task.failed", ({ task, error }) => console.error(`task ${task}: ${error.message}`));
     */
    on<N extends WorkerEventName>(this: void, name: N, listener: (event: WorkerEvent<N>) => void): () => void;
}
export {};
}

declare module "tq:internal/log/events" {
import { ErrorData } from "tq:internal/outcome";
import { OutcomeKind } from "tq:internal/outcome";
/** The most urgent first: a log of one level also has the events of those before it. */
export const LEVELS: readonly ["error", "warn", "info", "debug"];
export type Level = (typeof LEVELS)[number];
/** The run that an event is about. */
export interface TaskRun {
    readonly task: number;
    /** 0: the task expired before its first run. */
    readonly attempt: number;
    readonly model: string;
    /** null: the task calls a plain function, whose name `model` is. */
    readonly method: string | null;
    readonly queue: string;
    /** JSON text, cut where it is long; null: the task calls a plain function. */
    readonly instances: string | null;
    /** The text that the push gave the task, cut where it is long; null: none. */
    readonly ref: string | null;
}
interface Payloads {
    "worker.started": {
        readonly worker: string;
        readonly threads: number;
        /** Names and patterns; an empty list means all queues. */
        readonly queues: readonly string[];
        readonly database: string;
        readonly models: string | null;
        /** "no worker" where the setting `queue.worker` is false: other programs then run their own tasks. */
        readonly mode: "worker" | "no worker";
    };
    /** `grace` is what the running tasks have to end. */
    "worker.stopping": {
        readonly reason: string;
        readonly grace: number;
        readonly running: number;
    };
    "worker.stopped": {
        readonly worker: string;
    };
    /** A worker died, and its tasks were put back, or set aside as failed; `pid` was its process id. */
    "worker.rescued": {
        readonly worker: string;
        readonly pid: number | null;
        readonly tasks: number;
        /** The ids of the first 20 of them. */
        readonly ids: readonly number[];
    };
    "thread.replaced": {
        readonly thread: number;
        readonly reason: string;
    };
    /** The models on the disk are not those that the worker goes on with. */
    "models.changed": {
        readonly reason: string;
    };
    /** The threads load the models anew, one after another. */
    "models.loading": {
        readonly reason: string;
    };
    /** All threads have the new models. */
    "models.loaded": Record<never, never>;
    /** The new models cannot be loaded: the threads go on with those that they have. `message` says why. */
    "models.refused": {
        readonly message: string;
    };
    "task.started": TaskRun;
    "task.finished": TaskRun & {
        readonly duration: number;
        /** Why the method was not called; null where it was. */
        readonly reason: string | null;
    };
    "task.failed": TaskRun & {
        readonly duration: number;
        readonly error: ErrorData;
    };
    /** Its policy allows another attempt, after `delay`. */
    "task.retried": TaskRun & {
        readonly delay: number;
        readonly error: ErrorData;
    };
    /** Its method asked for a later run. */
    "task.snoozed": TaskRun & {
        readonly delay: number;
        readonly reason: string | null;
    };
    /** An error of the database put it off. */
    "task.postponed": TaskRun & {
        readonly delay: number;
        readonly error: ErrorData;
    };
    "task.interrupted": TaskRun & {
        readonly reason: string;
    };
    "task.crashed": TaskRun & {
        readonly reason: string;
        readonly crashes: number;
    };
    /** The task took down its thread or worker too often, and is set aside as failed. */
    "task.poisoned": TaskRun & {
        readonly crashes: number;
    };
    /** It was cancelled while it ran, or its method said so. */
    "task.cancelled": TaskRun & {
        readonly reason: string | null;
    };
    /** A run lost its claim before it ended; of its work only what it had committed before stays. */
    "task.late": TaskRun & {
        readonly outcome: OutcomeKind;
    };
    /**
     * Code that the task's method does not await failed after the task had ended, or pushed then. `place`: the line of that
     * code.
     */
    "task.stray": TaskRun & {
        readonly kind: "failed" | "pushed";
        readonly place: string | null;
        readonly error: ErrorData;
    };
    /** Without a worker, a scheduled task runs at once; `scheduledAt` is ms since 1970 UTC. */
    "task.inline": TaskRun & {
        readonly scheduledAt: number;
    };
    /**
     * A task has held the write lock for long: no other task or program can write. On a server it has kept a transaction open,
     * and with that the rows that it has written.
     */
    "lock.held": {
        readonly task: number;
        readonly thread: number;
        readonly duration: number;
        readonly kept: "write lock" | "rows";
    };
    /** A slot of a recurring task has come, and its task is pushed. `slot` is ms since 1970 UTC. */
    "cron.pushed": {
        readonly cron: string;
        readonly slot: number;
        readonly task: number | null;
        /** Why it comes late; null: it does not. */
        readonly reason: string | null;
    };
    /** Slots of a recurring task have come, and their tasks wait or are left out. */
    "cron.passed": {
        readonly cron: string;
        /** The last one. */
        readonly slot: number;
        /** The first one; null: there is no other. */
        readonly firstSlot: number | null;
        readonly outcome: "waiting" | "skipped" | "paused" | "missed";
        readonly reason: string | null;
    };
    /** People were told of failures; `ids` are those of the first 10 tasks. */
    "alert.sent": {
        readonly channel: "command" | "url";
        readonly count: number;
        readonly ids: readonly number[];
        readonly duration: number;
    };
    /** People were not told of failures: the worker tries again after `delay`. */
    "alert.failed": {
        readonly channel: "command" | "url";
        readonly count: number;
        readonly ids: readonly number[];
        readonly reason: string;
        readonly delay: number;
    };
    /** `url` has the port that is in use; `token` is the path of the token's file. */
    "admin.listening": {
        readonly url: string;
        readonly token: string;
    };
    /** There was no queue at this path, and a new one was made. */
    "store.made": {
        readonly database: string;
        readonly found: "nothing" | "an empty file" | "no schema tq";
    };
    "store.failed": {
        readonly database: string;
        readonly error: ErrorData;
    };
    "store.recovered": {
        readonly database: string;
        readonly duration: number;
    };
    /**
     * A worker runs although `queue.worker` is false. `file`: the tq.toml in use; `embedded`: `startWorker` started it;
     * `origin`: where the setting comes from, as in `tq config`.
     */
    "config.worker_off": {
        readonly file: string | null;
        readonly embedded: boolean;
        readonly origin: string;
    };
    "log.note": {
        readonly level: Level;
        readonly message: string;
    };
}
export type EventName = keyof Payloads;
/** One event, told apart by its `name`. */
export type Event<N extends EventName = EventName> = {
    [K in N]: {
        readonly name: K;
    } & Payloads[K];
}[N];
/** The name of an event of a worker: a program that runs its own tasks alone has `task.inline`. */
export type WorkerEventName = Exclude<EventName, "task.inline">;
/** An event of a worker or of one of its threads, as `report` of `startWorker` and the listeners of `worker.on` get it. */
export type WorkerEvent<N extends WorkerEventName = WorkerEventName> = Event<N>;
export {};
}

declare module "tq:internal/outcome" {
/** An error as data, made by `toErrorData`: `postMessage` would lose its name and fields. */
export interface ErrorData {
    readonly name: string;
    readonly message: string;
    /** The frames of the user's own code, and below them the causes of the error with theirs. */
    readonly stack: string | null;
    /** Its `code`, such as ECONNREFUSED; absent: it has none. */
    readonly code?: string | number | null;
}
export type Outcome = {
    readonly kind: "finished";
    readonly result: string | null;
    /** Why the method was not called; null where it was. */
    readonly reason: string | null;
} | {
    readonly kind: "failed";
    readonly error: ErrorData;
}
/** The run failed and used up an attempt of its policy: run the task again after `delay` ms. */
 | {
    readonly kind: "retry";
    readonly delay: number;
    readonly error: ErrorData;
}
/** The method asked for a later run, after `delay` ms. */
 | {
    readonly kind: "snoozed";
    readonly delay: number;
    readonly reason: string | null;
    /** Why the delay is longer than the method asked for; absent where it is not. */
    readonly raised?: string;
} | {
    readonly kind: "cancelled";
    readonly reason: string;
    /** True where the method was not called: it is no run of the task. Absent: it was called. */
    readonly neverRan?: true;
}
/** The database was busy or changed under the run: run the task again after `delay` ms. */
 | {
    readonly kind: "postponed";
    readonly delay: number;
    readonly error: ErrorData;
}
/** The run did not end, or was not settled, and its task is not to blame: it is ready again. */
 | {
    readonly kind: "interrupted";
    readonly reason: string;
};
export type OutcomeKind = Outcome["kind"];
/** A thrown value as data, its texts cut. It never throws, though a proxy or a getter in that value may. */
export function toErrorData(error: unknown): ErrorData;
/** The start of a text, without half a surrogate pair, as a row and a line of the log can carry it. */
export function cut(text: string, characters?: number): string;
export {};
}

declare module "tq:internal/worker/options" {
/** How many tasks have ended, by their end. */
export interface Summary {
    readonly finished: number;
    readonly failed: number;
}
export {};
}

declare module "tq:internal/tasks/tasks" {
import { Pause } from "tq:internal/store/pauses";
import { Attempt } from "tq:internal/task";
import { Task } from "tq:internal/task";
import { TaskError } from "tq:internal/task";
import { TaskFilter } from "tq:internal/tasks/filter";
import { PauseOptions } from "tq:internal/tasks/pauses";
import { Pausing } from "tq:internal/tasks/pauses";
import { ResultOptions } from "tq:internal/tasks/wait-options";
import { WatchOptions } from "tq:internal/tasks/wait-options";
import { WatchedTask } from "tq:internal/tasks/watch";
import { Why } from "tq:internal/tasks/why/explanation";
/**
 * Looks read what is committed, and take no lock. A task that they show as ended is so on disk. What is wrong with an
 * argument is a TqError "invalid".
 */
export interface Tasks {
    /** The task; null where there is none: it may have been cleaned. */
    get(this: void, id: number): Promise<Task | null>;
    /** The task that has this ref. */
    getByRef(this: void, ref: string): Promise<Task | null>;
    /**
     * The tasks that match, the newest first, 100 of them unless `limit` says another number.
     *
     * @example await tasks.list({ states: ["failed"], queue: "mail", where: { "args.order": 4711 } });
     */
    list(this: void, filter?: TaskFilter): Promise<Task[]>;
    /** The runs of a task, the first one first: the last 100 of them. */
    attempts(this: void, id: number): Promise<Attempt[]>;
    /** The errors of a task, the latest last. */
    errors(this: void, id: number): Promise<TaskError[]>;
    /**
     * What the task is doing, or why it does not run, as `tq why` says it; null where there is no such task.
     *
     * @example const { cause, sentence, command } = (await tasks.why(id)) ?? {};
     */
    why(this: void, id: number): Promise<Why | null>;
    /**
     * Waits until the task has ended, through all its retries, in whichever process it runs.
     *
     * @returns what its method returned, as JSON carries it; undefined where it returned nothing.
     * @throws TaskFailedError when the task failed or was cancelled, TimeoutError when the timeout passes,
     * ResultNotKeptError when what its method returned cannot be kept; TqError "not_found" when there is no such task, and
     * "conflict" inside a task or a transaction, where the wait might never end.
     * @example const { sum } = await tasks.result<{ sum: number }>(id, { timeout: "30s" });
     */
    result<T = unknown>(this: void, id: number, options?: ResultOptions): Promise<T>;
    /**
     * Yields the task at once, and whenever its state, its attempts, its reason or its progress has changed, until it has
     * ended. Changes that follow each other fast may come as one.
     *
     * @throws as `result` does before it waits; what the signal aborts with.
     * @example for await (const { state } of tasks.watch(id)) console.log(state);
     */
    watch(this: void, id: number, options?: WatchOptions): AsyncGenerator<WatchedTask, void, void>;
    /**
     * Cancels a task that has not ended. In a transaction it is cancelled by the commit.
     *
     * @throws TqError "conflict" when it has ended, "not_found" when there is no such task.
     */
    cancel(this: void, id: number, reason?: string): Promise<Task>;
    /**
     * Cancels all tasks that match, in slices, so that others write in between. Tasks pushed meanwhile are not touched.
     *
     * @returns how many.
     * @throws TqError "invalid" where the filter has no states or others than those of that move, "conflict" inside a transaction.
     * @example await tasks.cancel({ states: ["ready"], queue: "mail", pushedBefore: "7d" });
     */
    cancel(this: void, filter: TaskFilter, reason?: string): Promise<number>;
    /**
     * Makes an ended task ready again, or one that waits for its next attempt. In a transaction it is made ready by the commit. Where no worker is configured, it
     * runs before this resolves, as after a push.
     *
     * @throws TqError "conflict" when it waits for its first run, or runs, "not_found" when there is no such task.
     */
    retry(this: void, id: number): Promise<Task>;
    /**
     * Makes all tasks that match ready again, in slices: those that ended, or wait for their next attempt. Where no worker is configured, they wait for one.
     *
     * @returns how many.
     * @throws TqError "invalid" where the filter has no states or others than those of that move, "conflict" inside a transaction.
     */
    retry(this: void, filter: TaskFilter): Promise<number>;
    /**
     * Pauses a queue or a method: workers take no task of it, and running ones end. In a transaction it is paused by the
     * commit. Of one that is paused already, it changes by whom, why and until when.
     *
     * @example await tasks.pause({ queue: "print" }, { reason: "no toner", until: "2h" });
     * @example await tasks.pause({ task: "sale.process" });
     */
    pause(this: void, what: Pausing, options?: PauseOptions): Promise<Pause>;
    /**
     * Ends this pause, and no other that holds the same tasks.
     *
     * @throws TqError "not_found" where there is none.
     */
    resume(this: void, what: Pausing): Promise<Pause>;
    /** The pauses in force, the oldest first. */
    pauses(this: void): Promise<Pause[]>;
}
export const tasks: Tasks;
export {};
}

declare module "tq:internal/tasks/filter" {
import { PlainFilter } from "tq:internal/store/looking";
import { DurationLike } from "tq:internal/values/duration";
import { MomentLike } from "tq:internal/values/moment";
import { PathValue } from "tq:internal/tasks/path-condition";
/** Which tasks are meant: those for which all holds that is given. */
export interface TaskFilter extends PlainFilter {
    /** Pushed before a point in time; `"7d"`: more than 7 days ago. */
    readonly pushedBefore?: DurationLike | MomentLike;
    /** Pushed at a point in time or later; `"7d"`: within the last 7 days. */
    readonly pushedAfter?: DurationLike | MomentLike;
    readonly endedBefore?: DurationLike | MomentLike;
    readonly endedAfter?: DurationLike | MomentLike;
    /** Values inside the call: `{ "args.order": 4711, "context.company": 1, "args.name": { has: "miller" } }`. */
    readonly where?: Readonly<Record<string, PathValue>>;
}
export {};
}

declare module "tq:internal/store/looking" {
import { TaskState } from "tq:internal/task";
/** The parts of a filter that are read as they are given. */
export interface PlainFilter {
    readonly states?: readonly TaskState[];
    /** A name, or a pattern: `*` stands for any characters, `?` for one. */
    readonly queue?: string;
    /** A name or a pattern. */
    readonly model?: string;
    /** A name or a pattern. */
    readonly method?: string;
    /** Only the task with this ref. */
    readonly ref?: string;
    /** Only tasks whose ref begins with this text. A ref takes no pattern: it may have a `*` of its own. */
    readonly refStarts?: string;
    readonly user?: number;
    /** Text in the arguments, whatever its case. */
    readonly argsHave?: string;
    /** The error of a failed task, exactly: its first line counts, up to 300 characters. */
    readonly error?: string;
    /** Text in the reason, whatever its case. */
    readonly reasonHas?: string;
    /** Only ids above this one. */
    readonly after?: number;
    /** Only ids below this one: a list goes on from the last id of the one before. */
    readonly before?: number;
    readonly limit?: number;
}
export {};
}

declare module "tq:internal/tasks/path-condition" {
/** A value inside a task is compared with this; `has`: it is text that contains this one, whatever its case. */
export type PathValue = string | number | boolean | null | {
    readonly has: string;
};
export {};
}

declare module "tq:internal/tasks/pauses" {
import { DurationLike } from "tq:internal/values/duration";
import { MomentLike } from "tq:internal/values/moment";
/** A queue, or a method or function; each may be a pattern, such as `label*` or `sale.*`. */
export type Pausing = {
    readonly queue: string;
    readonly task?: never;
} | {
    readonly task: string;
    readonly queue?: never;
};
export interface PauseOptions {
    /** Why, for the people who wonder. */
    readonly reason?: string;
    /** When it ends by itself: a length of time from now, or a point in time. Default: when it is resumed. */
    readonly until?: DurationLike | MomentLike;
    /** The person or program that pauses; default: the user of this process, and its host. */
    readonly by?: string;
}
export {};
}

declare module "tq:internal/store/pauses" {
export interface PauseTarget {
    /** "queue": the name or pattern of queues; "task": of methods, `model.method`, and of functions. */
    readonly kind: "queue" | "task";
    readonly name: string;
}
export interface NewPause extends PauseTarget {
    /** The person or program that pauses. */
    readonly by: string;
    readonly reason: string | null;
    /** When it ends by itself, in ms since 1970 UTC; null: when it is resumed. */
    readonly until: number | null;
}
export interface Pause extends NewPause {
    readonly since: number;
}
export {};
}

declare module "tq:internal/tasks/ended-errors" {
import { Task } from "tq:internal/task";
/** The task whose result was waited for has failed, or was cancelled. */
export class TaskFailedError extends Error {
    /** The task, as it ended. */
    readonly task: Task;
    readonly state: "failed" | "cancelled";
    /** The error of the task's last run, with the name, the code, the message and the stack that it had there; undefined: none. */
    readonly cause: Error | undefined;
}
/** The task has finished, and what its method returned could not be kept: JSON cannot carry it, or it is too long. */
export class ResultNotKeptError extends Error {
    /** The task, as it ended; its `reason` says why. */
    readonly task: Task;
}
/** The task has not ended in the time that its caller gave it. It goes on. */
export class TimeoutError extends Error {
    /** The task, as it stood then; null: it is gone. */
    readonly task: Task | null;
}
export {};
}

declare module "tq/testing" {
export { TestClock } from "tq:internal/testing/clock";
export { OutputLine } from "tq:internal/store/task-output";
export { TaskProgress } from "tq:internal/store/task-output";
export { testQueue } from "tq:internal/testing/test-queue";
export { DrainOptions } from "tq:internal/testing/types";
export { PushedMatch } from "tq:internal/testing/types";
export { PushedTask } from "tq:internal/testing/types";
export { TestQueue } from "tq:internal/testing/types";
export { TestQueueOptions } from "tq:internal/testing/types";
export { TestRun } from "tq:internal/testing/types";
}

declare module "tq:internal/testing/clock" {
import { Duration } from "tq:internal/values/duration";
import { MomentLike } from "tq:internal/values/moment";
/**
 * Dates all that the queue stores. It begins at the present time, and stands still until the test moves it. The timers
 * of JavaScript, `Date.now()` and the date of SQL do not follow it; the timeout of a wait for a task does.
 */
export interface TestClock {
    /** ms since 1970-01-01 UTC. */
    now(this: void): number;
    /**
     * Moves the clock forward: scheduled tasks and retries come due. `drain` then runs them.
     *
     * @throws TqError "invalid" for what is no length of time, or a negative one.
     * @example queue.clock.advance("1h30m");
     */
    advance(this: void, by: Duration): void;
    /**
     * Sets the clock, forward or back.
     *
     * @example queue.clock.set("2026-12-24T18:00Z");
     */
    set(this: void, to: MomentLike): void;
}
export {};
}

declare module "tq:internal/testing/test-queue" {
import { TestQueue } from "tq:internal/testing/types";
import { TestQueueOptions } from "tq:internal/testing/types";
/**
 * Makes a queue for a test: an empty database in a temporary folder, with a clock that the test moves. From here on what
 * this process pushes, reads and writes goes there, until the queue is closed; of several the one made last counts. No
 * worker runs its tasks, the test does.
 *
 * @throws TqError "invalid" for a wrong option or setting, "models" where the models cannot be loaded.
 * @example
 * await using queue = await testQueue({ models: [Label] });
 * await Label.__queue__.print(label);
 * const [run] = await queue.drain();
 */
export function testQueue(options?: TestQueueOptions): Promise<TestQueue>;
export {};
}

declare module "tq:internal/testing/types" {
import { TestClock } from "tq:internal/testing/clock";
import { MomentLike } from "tq:internal/values/moment";
import { Queue } from "tq:internal/model/queue-types";
import { OutputLine } from "tq:internal/store/task-output";
import { TaskProgress } from "tq:internal/store/task-output";
import { AttemptOutcome } from "tq:internal/task";
import { Task } from "tq:internal/task";
/** A class of a model. */
type AnyModel = abstract new (...args: never) => object;
/** A function that `task()` has made. */
type AnyTaskFunction = ((...args: never) => unknown) & {
    readonly push: unknown;
};
export interface TestQueueOptions {
    /**
     * The models and functions whose tasks run: a list of them, all exports of a file (`import * as models from …`), or the
     * path of a file or folder of models. Default: those of which the test pushes.
     */
    readonly models?: readonly (AnyModel | AnyTaskFunction)[] | object | string;
    /** Where the clock begins. Default: the present time. */
    readonly now?: MomentLike;
    /**
     * Settings, shaped as in a tq.toml: `{ queue: { batch_size: 10 }, tasks: { … } }`. The project's tq.toml and the
     * environment do not count.
     */
    readonly settings?: Readonly<Record<string, unknown>>;
}
/** A task that was pushed: as in `tasks.get`, but with what it was called with as JavaScript has it. */
export interface PushedTask<Args extends readonly unknown[] = readonly unknown[]> extends Omit<Task, "args" | "context"> {
    readonly args: Args;
    readonly context: Readonly<Record<string, unknown>>;
}
/** A pushed task must have these values to match. */
export type PushedMatch = {
    readonly [K in keyof PushedTask]?: PushedTask[K] | undefined;
};
/** One run of a task in this process. */
export interface TestRun {
    readonly id: number;
    /** `sale.process`, or the name of a function. */
    readonly call: string;
    /** From 1. */
    readonly attempt: number;
    /** How the run ended. A task that failed and is tried again is "failed" here, and `task.state` is "scheduled". */
    readonly outcome: AttemptOutcome;
    /** The value that the method returned, as JSON carries it. Reading it throws a ResultNotKeptError where JSON cannot carry it. */
    readonly result: unknown;
    /** The very value that the method threw; undefined: none. */
    readonly error: unknown;
    /** The lines that the run said with `currentTask()?.log(…)`. */
    readonly log: readonly OutputLine[];
    /** How far it said that it was, the last time; null: it did not. */
    readonly progress: TaskProgress | null;
    /** The task after the run. */
    readonly task: Task;
}
export interface DrainOptions {
    /** True: where no task is due the clock moves to the next scheduled one, until none is left. Default: false. */
    readonly scheduled?: boolean;
    /** True: what a method throws ends the drain, and is thrown. Default: it stands in the answer. */
    readonly throws?: boolean;
    /** The most runs, as a task may push itself for ever. Default: 10,000. */
    readonly limit?: number;
}
/** The names of a model's methods that tasks can call. */
type MethodOf<M extends AnyModel> = keyof Queue<M> & string;
/** The arguments of a model's method, after the records. */
type MethodArgs<M extends AnyModel, K> = K extends keyof M ? M[K] extends (records: never, ...args: infer A) => unknown ? Readonly<A> : readonly unknown[] : K extends keyof InstanceType<M> ? InstanceType<M>[K] extends (...args: infer A) => unknown ? Readonly<A> : readonly unknown[] : readonly unknown[];
/**
 * A queue for tests: a database of its own, and no worker. Tasks that the models push wait in it until the test runs
 * them, in this process, as a worker's thread would. `await using` closes it at the end of the block.
 */
export interface TestQueue extends AsyncDisposable {
    readonly clock: TestClock;
    /**
     * Runs the tasks that are due, in their order, and those that they push, until none is due.
     *
     * @returns the runs, the first one first. A task that fails does not throw: its run says so.
     * @throws TqError "conflict" after `limit` runs, and inside a transaction or a task.
     * @example const runs = await queue.drain(); expect(runs.map(({ outcome }) => outcome)).toEqual(["finished"]);
     */
    drain(this: void, options?: DrainOptions): Promise<TestRun[]>;
    /**
     * Runs one task now, due or not.
     *
     * @throws what its method throws; the run counts all the same. TqError "conflict" when the task has ended,
     * "not_found" when there is no such task.
     */
    runNow(this: void, task: number | {
        readonly id: number;
    }): Promise<TestRun>;
    /**
     * Pushes the task of a recurring task (`static cron`, or a section of the settings) now. No slot comes by itself, wherever
     * the test moves the clock: one every minute would fill each drain.
     *
     * @returns the id of the task
     * @throws TqError "not_found" where neither the models nor the settings of the queue have it.
     * @example await queue.runNow(await queue.pushCron("nightly"));
     */
    pushCron(this: void, name: string): Promise<number>;
    /** The tasks that were pushed and have not run, the first one first; scheduled ones too. */
    pushed(this: void): Promise<PushedTask[]>;
    /**
     * Those among them that call this method of this model.
     *
     * @example expect(await queue.pushed(Label, "print", { instances: 7 })).toHaveLength(1);
     */
    pushed<M extends AnyModel, K extends MethodOf<M>>(this: void, model: M, method: K, match?: PushedMatch): Promise<PushedTask<MethodArgs<M, K>>[]>;
    /** Those that call any method of this model. */
    pushed(this: void, model: AnyModel): Promise<PushedTask[]>;
    /** Those that call this function. */
    pushed<F extends AnyTaskFunction>(this: void, fn: F, match?: PushedMatch): Promise<PushedTask<Readonly<Parameters<F>>>[]>;
    /** Those with this name of a model and a method, or of a function: for models that another program has. */
    pushed(this: void, model: string, method?: string, match?: PushedMatch): Promise<PushedTask[]>;
    /**
     * Calls `fn`, and answers with the tasks that were pushed meanwhile, whether they have run since or not: those of a
     * test's set-up are not among them.
     */
    pushedBy(this: void, fn: () => unknown): Promise<PushedTask[]>;
    /** Cancels all tasks that wait, as after a test's set-up. @returns how many there were. */
    clear(this: void): Promise<number>;
    /** Closes the queue and removes its files: pushes go again where they went before it was made. */
    close(this: void): Promise<void>;
}
export {};
}

declare module "tq:internal/valibot" {
export * from "valibot";
}
