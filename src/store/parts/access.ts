/** The access that the parts of a store have to its database. `Db` is a connection, which statements run on. */
import type { Soon } from "../../soon.ts";
import type { Session } from "../session.ts";

/**
 * Each function that it takes calls one set of statements and awaits nothing besides: on a file its transaction ends as
 * the function returns.
 */
export interface Access<Db> {
  now(): number;
  /** Runs statements that each stand alone. */
  read<T>(fn: (db: Db) => Soon<T>): Promise<T>;
  /** Runs a statement that takes no time: a worker may have a connection for those. */
  brief<T>(fn: (db: Db) => Soon<T>): Promise<T>;
  /** Runs statements in a transaction of its own. */
  write<T>(fn: (db: Db, now: number) => Soon<T>): Promise<T>;
  /** Runs calls of a session in a transaction of its own. */
  inSession<T>(fn: (session: StatementSession<Db>) => Promise<T>): Promise<T>;
}

interface StatementSession<Db> extends Session {
  /** Runs statements of the store inside the session's transaction. */
  runStatements<T>(fn: (db: Db, now: number) => Soon<T>): Promise<T>;
}
