/** The transaction that a piece of code runs in, carried through every `await`. */
// oxlint-disable-next-line no-restricted-imports -- the type of the connection that it hands out on SQLite
import type { Database } from "bun:sqlite";
import { AsyncLocalStorage } from "node:async_hooks";
import { bindMethods } from "../bound-methods.ts";
import { TqError } from "../errors.ts";
import { type Soon, soon } from "../soon.ts";
import { declareNewMarks } from "../registry/marked-models.ts";
import { unknownOption } from "../suggest.ts";
import { currentTask, currentTaskUnit, markIfLeftBehind } from "./current-task.ts";
import { makeSql, type TransactionSql } from "./sql.ts";
import { type Runtime, runtime } from "./runtime.ts";
import { allAwaited } from "./strict-work.ts";
import { Unit } from "./unit.ts";
import { inspected } from "../quote.ts";

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

/** One storage for the process, also when a compiled program carries two copies of tq. */
const storage = ((globalThis as Record<symbol, unknown>)[Symbol.for("tq.transaction")] ??=
  new AsyncLocalStorage<Transaction>()) as AsyncLocalStorage<Transaction>;

/** Runs the tasks that a committed transaction pushed, where no worker does. */
type RunPushed = (of: Runtime, ids: readonly number[]) => Promise<void>;

let runHere: RunPushed = () => Promise.resolve();

/** src/run/without-worker.ts sets it: imports go down, so this file cannot import what runs tasks. */
export function setRunPushed(run: RunPushed): void {
  runHere = run;
}

/**
 * A unit of work with a user and a context: the database changes and the tasks pushed in it commit
 * together or not at all. Same meaning as Tryton's `trytond.transaction.Transaction`.
 */
export class Transaction {
  readonly user: number;
  /** Frozen; `setContext` runs code with another one. */
  readonly context: Context;
  readonly #unit: Unit;
  #sql: TransactionSql | null = null;

  /** @internal Programs use `Transaction.start`. */
  constructor(unit: Unit, user: number, context: Context) {
    this.#unit = unit;
    this.user = user;
    this.context = Object.isFrozen(context) ? context : Object.freeze({ ...context });
  }

  /**
   * Runs `fn` in a new transaction, commits when it returns and rolls back when it throws. Where no
   * worker is configured, the tasks pushed in it run before this resolves, each in its own transaction;
   * their failures are recorded and do not reach the caller.
   *
   * @returns what `fn` returns.
   * @throws what `fn` throws; TqError "conflict" inside another transaction.
   * @example await Transaction.start({ user: 1 }, async () => { await sale.save(); });
   */
  static start<T>(options: TransactionOptions, fn: () => Promise<T> | T): Promise<T> {
    // A task that runs outside any transaction succeeds only after the transactions that it has started.
    const taskUnit = currentTaskUnit();
    return taskUnit
      ? taskUnit.trackTransaction(() => runTransaction(options, fn, taskUnit))
      : runTransaction(options, fn);
  }

  /** @throws TqError "conflict" outside a transaction. */
  static get current(): Transaction {
    const current = storage.getStore();
    if (current) return current;
    throw markIfLeftBehind(noTransactionError()); // the log then names the ended task whose code met it
  }

  /** @internal The current transaction, if there is one. */
  static get currentIfAny(): Transaction | undefined {
    return storage.getStore();
  }

  /** @internal Runs `fn` in this transaction. */
  run<T>(fn: () => T): T {
    return storage.run(this, fn);
  }

  /** @internal What it has done so far; `setContext` and `setUser` make other transactions on the same unit. */
  get unit(): Unit {
    return this.#unit;
  }

  /** @internal The store, settings and models that it works with, from its start to its end. */
  get runtime(): Runtime {
    return this.#unit.runtime;
  }

  /**
   * SQL of your own that commits and rolls back with this transaction, on every database: a template tag. From its
   * first statement on the transaction holds the write lock.
   *
   * @example const [{ total }] = await Transaction.current.sql`SELECT total FROM sale WHERE id = ${id}`;
   */
  get sql(): TransactionSql {
    return (this.#sql ??= makeSql((work) => this.#unit.track(() => work(this.#unit))));
  }

  /**
   * The `bun:sqlite` connection of this transaction, for an ORM, or for SQL that needs an answer without `await`. It
   * commits and rolls back with the transaction, which holds the write lock from here on, and refuses to work once the
   * transaction has ended.
   *
   * @throws TqError "conflict" where the database is not SQLite: use `sql`.
   */
  get database(): Database {
    return this.#unit.database as Database;
  }

  /**
   * Commits what was done so far, and the transaction goes on.
   *
   * @throws TqError "conflict" when a record was changed by another transaction, or when the task has lost its claim.
   */
  async commit(): Promise<void> {
    await this.#unit.commit();
  }

  /** Runs `fn` with these keys added to the context, in the same transaction. */
  setContext<T>(more: Context, fn: () => Promise<T> | T): Promise<T> {
    checkContext(more);
    checkFunction(fn, "setContext({ … }");
    return this.#with(this.user, { ...this.context, ...more }, fn);
  }

  /** Runs `fn` as another user, in the same transaction. */
  setUser<T>(user: number, fn: () => Promise<T> | T): Promise<T> {
    checkUser(user);
    checkFunction(fn, "setUser(1");
    return this.#with(user, this.context, fn);
  }

  async #with<T>(user: number, context: Context, fn: () => Promise<T> | T): Promise<T> {
    return storage.run(new Transaction(this.#unit, user, context), async () => fn());
  }
}

bindMethods(Transaction, "commit", "setContext", "setUser");

async function runTransaction<T>(
  options: TransactionOptions,
  fn: () => Promise<T> | T,
  taskUnit?: Unit,
): Promise<T> {
  checkStart(options, fn);
  if (storage.getStore()?.unit.ended === false) {
    throw new TqError(
      "conflict",
      "Cannot start a transaction inside another; use Transaction.current.setContext or setUser to change context or user, or Transaction.current.commit() to commit what is done so far",
    );
  }
  const { user = 0, context = {} } = currentTask() ?? {};
  const { lock = false } = options;
  const unit = taskUnit?.another({ locked: lock }) ?? new Unit(runtime(), { locked: lock });
  try {
    if (lock) await unit.lock();
    const result = await storage.run(
      new Transaction(unit, options.user ?? user, options.context ?? context),
      async () => (unit.strict ? allAwaited(fn(), unit.strict) : fn()),
    );
    await unit.commit();
    return result;
  } finally {
    await unit.end();
    // After a failure too: `commit()` in the middle may have committed tasks.
    await runPushed(unit.runtime, unit.committedIds);
  }
}

/**
 * @internal Runs work on the current transaction: the commit waits for it, and fails with it unless a caller has
 * looked at the promise.
 */
export function inUnit<T>(work: (unit: Unit) => Soon<T>): Promise<T> {
  const current = Transaction.currentIfAny;
  return current ? current.unit.track(() => work(current.unit)) : outsideTransaction();
}

/** @internal The answer to work that needs a transaction, where there is none. */
export function outsideTransaction(): Promise<never> {
  return Promise.reject(markIfLeftBehind(noTransactionError()));
}

/** @internal Runs the tasks that a committed transaction pushed, where no worker does. */
export function runPushed(of: Runtime, ids: readonly number[]): Soon<void> {
  if (ids.length === 0) return;
  return soon(runsHere(of), (here): Soon<void> => {
    if (here) return storage.exit(() => runHere(of, ids));
    return of.registry.hasNewMarks ? declareNewMarks(of) : undefined;
  });
}

/** @internal True where this program runs the tasks that it pushes. */
export function runsHere({ mode, worker }: Runtime): Soon<boolean> {
  return mode === undefined ? !worker : mode.runsHere();
}

function noTransactionError(): TqError {
  return new TqError(
    "conflict",
    "Cannot find a transaction: this code runs outside one; wrap it in Transaction.start({}, async () => { … })",
  );
}

const OPTIONS = ["user", "context", "lock"] as const satisfies (keyof TransactionOptions)[];

function checkStart(options: unknown, fn: unknown): void {
  if (typeof options !== "object" || options === null || typeof fn !== "function") {
    throw new TqError(
      "invalid",
      "Cannot start a transaction: give the options, then a function: Transaction.start({}, async () => { … })",
    );
  }
  const unknown = unknownOption(options, OPTIONS);
  if (unknown !== null) throw new TqError("invalid", `Cannot start a transaction: ${unknown}`);
  const { user, context } = options as TransactionOptions;
  if (user !== undefined) checkUser(user);
  if (context !== undefined) checkContext(context);
}

function checkUser(user: unknown): void {
  if (Number.isSafeInteger(user) && (user as number) >= 0) return;
  throw new TqError(
    "invalid",
    `Cannot use ${inspected(user)} as the user: it must be an integer id from 0 up`,
  );
}

/**
 * Code that comes from Tryton leaves the function out: there the call changes what follows in its `with`.
 *
 * @param call an example of the call, up to the function
 */
function checkFunction(fn: unknown, call: string): void {
  if (typeof fn === "function") return;
  throw new TqError(
    "invalid",
    `Cannot change the transaction without a function to run in it: ${call}, async () => { … })`,
  );
}

/** @internal */
export function checkContext(context: unknown): void {
  if (typeof context === "object" && context !== null) {
    const prototype: unknown = Object.getPrototypeOf(context);
    if (prototype === null || prototype === Object.prototype) return;
  }
  throw new TqError(
    "invalid",
    `Cannot use ${inspected(context)} as the context: it must be a plain object`,
  );
}
