/** Guards the raw connection that user code gets: it works until its transaction ends. */
import { type Database, Statement } from "bun:sqlite";
import { TqError } from "../errors.ts";
import { endsTransaction } from "../store/user-sql-words.ts";
import { effectsOf } from "./user-sql.ts";

/**
 * Wraps a connection so that it, and every statement and function made from it, refuses to work once `check` throws,
 * and so that it cannot end the transaction, which tq will commit.
 *
 * @param watch `check` throws when the transaction has ended; the other functions tell what its end must clean up.
 */
export function guardDatabase(db: Database, watch: Omit<Rules, "after" | "own">): Database {
  const guarded: Database = guard(db, {
    ...watch,
    after() {
      if (!db.inTransaction) throw refusal("the transaction was ended by hand");
    },
    own: (value) => (value === db ? guarded : value),
  });
  return guarded;
}

interface Rules {
  /** Called before each call of user code. */
  check(): void;
  /** Called after each call of user code. */
  after(): void;
  /** Called with each error that the driver throws into user code. */
  failed(error: unknown): void;
  /** Called with each iterator that user code gets. */
  opened(iterator: Iterator<unknown>): void;
  /** Called with each statement that `prepare` makes; those of `query` the driver finalizes itself. */
  prepared(statement: Statement): void;
  /** Called before a call that changes the connection itself, beyond the transaction. */
  spoils(): void;
  /** Called before a call that goes back to a savepoint of user code. */
  goesBack(): void;
  /** Replaces the connection, wherever user code would get it, by the guarded one. */
  own(value: unknown): unknown;
}

type Callable = (...args: unknown[]) => unknown;

/** Methods whose first argument is SQL. */
const TAKES_SQL = new Set<PropertyKey>(["run", "exec", "query", "prepare"]);

const CLOSES = new Set<PropertyKey>(["close", Symbol.dispose]);

/** Methods of a connection or a statement that change it for later transactions too. */
const SPOILS = new Set<PropertyKey>([
  "function",
  "aggregate",
  "loadExtension",
  "fileControl",
  "safeIntegers",
  "as",
]);

function guard<T extends object>(target: T, rules: Rules): T {
  return new Proxy(target, {
    get(object, key) {
      if (key === "native" && object instanceof Statement) return undefined; // the native statement has no guard
      const value: unknown = Reflect.get(object, key, object);
      if (typeof value !== "function" || key === "constructor") return rules.own(value);
      if (!(object instanceof Statement) && CLOSES.has(key)) return refuseClose;
      return guardMethod(value as Callable, object, key, rules);
    },
    set: (_, key) => refuseSet(key),
    defineProperty: (_, key) => refuseSet(key),
    deleteProperty: (_, key) => refuseSet(key),
    setPrototypeOf: () => refuseSet("the prototype"),
  });
}

function guardMethod(method: Callable, self: object, key: PropertyKey, rules: Rules): Callable {
  const isStatement = self instanceof Statement;
  const takesSql = !isStatement && TAKES_SQL.has(key);
  const isGoingBack = isStatement && GOING_BACK.has(self as object);
  return (...args) => {
    rules.check();
    if (isGoingBack) rules.goesBack();
    const goesBack = takesSql && typeof args[0] === "string" && checkSql(args[0], rules);
    if (SPOILS.has(key)) rules.spoils();
    const result = reportingErrors(() => method.apply(self, args), rules);
    rules.after();
    if (key === "prepare") rules.prepared(result as Statement);
    // The statement goes back each time that it runs.
    if (goesBack && result instanceof Statement) GOING_BACK.add(result as object);
    return guardResult(result, rules);
  };
}

/** Statements that go back to a savepoint. */
const GOING_BACK = new WeakSet<object>();

/** Refuses SQL that would end the transaction. @returns true when it goes back to a savepoint */
function checkSql(sql: string, rules: Rules): boolean {
  const { ends, goesBack, changesConnection } = effectsOf(sql);
  if (ends) throw refusal("this statement would end the transaction");
  if (changesConnection) rules.spoils();
  if (goesBack) rules.goesBack();
  return goesBack;
}

function guardResult(result: unknown, rules: Rules): unknown {
  if (typeof result === "function") return guardFunction(result as Callable, rules);
  if (typeof result !== "object" || result === null) return result;
  if (result instanceof Iterator) rules.opened(result);
  if (result instanceof Statement || result instanceof Iterator) return guard(result, rules);
  return rules.own(result);
}

/** Guards a function: the one that `transaction()` returns has functions, and the connection, as properties. */
function guardFunction(fn: Callable, rules: Rules): Callable {
  // The target is an empty function: a proxy may not hide fixed properties of its own target.
  return new Proxy(() => undefined, {
    apply(_, receiver, args: unknown[]) {
      rules.check();
      const result = goingBackOnError(() => Reflect.apply(fn, receiver, args) as unknown, rules);
      rules.after();
      return guardResult(result, rules);
    },
    get(_, key) {
      const value: unknown = Reflect.get(fn, key, fn);
      return typeof value === "function"
        ? guardFunction(value as Callable, rules)
        : rules.own(value);
    },
  });
}

function reportingErrors<T>(call: () => T, rules: Rules): T {
  try {
    return call();
  } catch (error) {
    rules.failed(error);
    throw error;
  }
}

/** When the function of a `transaction()` throws, the driver goes back to the savepoint before it. */
function goingBackOnError<T>(call: () => T, rules: Rules): T {
  try {
    return reportingErrors(call, rules);
  } catch (error) {
    rules.goesBack();
    throw error;
  }
}

function refusal(what: string): TqError {
  return endsTransaction(`${what} through its connection`);
}

function refuseSet(key: PropertyKey): never {
  throw new TqError(
    "conflict",
    `Cannot set ${String(key)} of this connection: it belongs to the transaction`,
  );
}

function refuseClose(): never {
  throw new TqError("conflict", "Cannot close this connection: it belongs to the transaction");
}
