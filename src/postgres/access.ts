/** The access that the parts of a store on PostgreSQL have to it. */
import type { Access as StoreAccess } from "../store/parts/access.ts";
import type { Connection } from "./connection.ts";

/** All statements answer later here. */
export interface Access extends StoreAccess<Connection> {
  /** How the database is named for people. */
  readonly name: string;
  read<T>(fn: (db: Connection) => Promise<T>): Promise<T>;
  brief<T>(fn: (db: Connection) => Promise<T>): Promise<T>;
  /** Runs statements that all see the database as it is at the first of them. */
  snapshot<T>(fn: (db: Connection) => Promise<T>): Promise<T>;
  write<T>(fn: (db: Connection, now: number) => Promise<T>): Promise<T>;
}
