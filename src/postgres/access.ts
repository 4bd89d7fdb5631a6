/** The access that the parts of a store have to it. */
import type { Connection } from "./connection.ts";
import type { PostgresSession } from "./session.ts";

export interface Access {
  /** How the database is named for people. */
  readonly name: string;
  now(): number;
  /** Runs statements that each stand alone. */
  read<T>(fn: (db: Connection) => Promise<T>): Promise<T>;
  /** Runs a statement that takes no time: a worker has a connection for those. */
  brief<T>(fn: (db: Connection) => Promise<T>): Promise<T>;
  /** Runs statements that all see the database as it is at the first of them. */
  snapshot<T>(fn: (db: Connection) => Promise<T>): Promise<T>;
  /** Runs statements in a transaction of its own. */
  write<T>(fn: (db: Connection, now: number) => Promise<T>): Promise<T>;
  /** Runs calls of a session in a transaction of its own. */
  inSession<T>(fn: (session: PostgresSession) => Promise<T>): Promise<T>;
}
