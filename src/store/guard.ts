/** The raw connection as user code sees it: for the length of its transaction, and no longer. */
import { type Database, Statement } from "bun:sqlite";
import { TqError } from "../errors.ts";

/** The driver's connection: https://bun.com/docs/runtime/sqlite */
export type RawDatabase = Database;

/**
 * Wraps a connection so that it, and every statement made from it, refuses to work once `check` throws,
 * and so that it cannot end the transaction that tq will commit.
 *
 * @param check throws when the transaction has ended.
 */
export function guardDatabase(db: Database, check: () => void): Database {
  const after = (): void => {
    if (db.inTransaction) return;
    throw new TqError(
      "conflict",
      "Cannot go on: the transaction was ended by hand through its connection; use Transaction.current.commit(), or throw to roll back",
    );
  };
  return guard(db, check, after);
}

function guard<T extends object>(target: T, check: () => void, after: () => void): T {
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key, object);
      if (typeof value !== "function") return value;
      if (key === "close") return refuseClose;
      return guardFunction(value as Callable, object, check, after);
    },
  });
}

type Callable = (...args: unknown[]) => unknown;

function guardFunction(
  fn: Callable,
  self: object | undefined,
  check: () => void,
  after: () => void,
): Callable {
  return new Proxy(fn, {
    apply(callable, receiver, args) {
      check();
      const result: unknown = Reflect.apply(callable, self ?? receiver, args);
      after();
      if (result instanceof Statement) return guard(result, check, after);
      if (typeof result === "function") {
        return guardFunction(result as Callable, undefined, check, after);
      }
      return result;
    },
  });
}

function refuseClose(): never {
  throw new TqError("conflict", "Cannot close this connection: it belongs to the transaction");
}
