/** The raw connection as user code sees it: for the length of its transaction, and no longer. */
import { type Database, Statement } from "bun:sqlite";
import { TqError } from "../errors.ts";
import { effectsOf } from "./user-sql.ts";

/**
 * Wraps a connection so that it, and every statement and function made from it, refuses to work once
 * `check` throws, and so that it cannot end the transaction that tq will commit.
 *
 * @param watch `check` throws when the transaction has ended; the others learn of
 *   what the transaction's end has to see to.
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
  /** Before each call. */
  check(): void;
  /** After each call. */
  after(): void;
  /** For each iterator that is handed out. */
  opened(iterator: Iterator<unknown>): void;
  /** For each statement that `prepare` makes. */
  prepared(statement: Statement): void;
  /** Before what changes the connection itself, beyond the transaction. */
  spoils(): void;
  /** Before it goes back to a savepoint of its own. */
  goesBack(): void;
  /** The connection itself, wherever it shows, is the guarded one. */
  own(value: unknown): unknown;
}

type Callable = (...args: unknown[]) => unknown;

/** Methods whose first argument is SQL. */
const TAKES_SQL = new Set<PropertyKey>(["run", "exec", "query", "prepare"]);

const CLOSES = new Set<PropertyKey>(["close", Symbol.dispose]);

/** Methods of a connection or a statement whose traces stay with it. */
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
      if (key === "native" && object instanceof Statement) return undefined; // it knows no rules
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
  const runsBack = isStatement && GOING_BACK.has(self as object);
  return (...args) => {
    rules.check();
    if (runsBack) rules.goesBack();
    const back = takesSql && typeof args[0] === "string" && checkSql(args[0], rules);
    if (SPOILS.has(key)) rules.spoils();
    const result: unknown = method.apply(self, args);
    rules.after();
    if (key === "prepare") rules.prepared(result as Statement);
    // It goes back each time that it runs.
    if (back && result instanceof Statement) GOING_BACK.add(result as object);
    return guardResult(result, rules);
  };
}

/** Statements that go back to a savepoint. */
const GOING_BACK = new WeakSet<object>();

/** @returns true when it goes back to a savepoint. */
function checkSql(sql: string, rules: Rules): boolean {
  const { ends, goesBack, leavesTraces } = effectsOf(sql);
  if (ends) throw refusal("this statement would end the transaction");
  if (leavesTraces) rules.spoils();
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

/** What `transaction()` returns carries functions, and the connection. */
function guardFunction(fn: Callable, rules: Rules): Callable {
  // Around an empty function: a proxy may not hide the fixed properties of its own target.
  return new Proxy(() => undefined, {
    apply(_, receiver, args: unknown[]) {
      rules.check();
      const result = goingBack(() => Reflect.apply(fn, receiver, args) as unknown, rules);
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

/** Where the function of a `transaction()` throws, the driver goes back to before it. */
function goingBack<T>(call: () => T, rules: Rules): T {
  try {
    return call();
  } catch (error) {
    rules.goesBack();
    throw error;
  }
}

function refusal(what: string): TqError {
  return new TqError(
    "conflict",
    `Cannot go on: ${what} through its connection; use Transaction.current.commit(), or throw to roll back`,
  );
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
