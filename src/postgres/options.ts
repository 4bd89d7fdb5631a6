/** The settings of a store on PostgreSQL. */
import type { Clock } from "../clock.ts";
import type { OpenTransactions } from "./open-transactions.ts";

export interface PostgresOptions {
  /** `postgresql://user@host/database`. */
  readonly url: string;
  /** A folder for files that belong to the database, such as tq.token. */
  readonly folder: string;
  /** The ms to wait for a lock, or for a connection. */
  readonly timeout?: number;
  /** The ms that a task may keep a transaction open; 0: no limit. */
  readonly lockTimeout?: number;
  /** The most connections that are open at once. */
  readonly connections?: number;
  /** So many connections stay open though nobody uses them. */
  readonly keep?: number;
  /** How the server lists the connections; default: a name of this process's own, by which others end what is left of it. */
  readonly application?: string;
  /** The thread of that process, whose number then stands behind the name; null: none. */
  readonly thread?: number | null;
  /** Default: the clock of the server. */
  readonly clock?: Clock;
  /** Tells one boot of the machine from another. */
  readonly bootId?: string;
  /** The most ready and scheduled tasks that the queue takes; 0: no limit. */
  readonly maxSize?: number;
  /** True for programs that write nothing. */
  readonly onlyLooks?: boolean;
  /** True for programs that make no queue: the schema must be there. */
  readonly needsTables?: boolean;
  /** Called where opening it has made the schema, or brought that of this version here; 0: there was none. */
  readonly migrated?: (from: number) => void;
  /** Learns which transactions of a worker's thread are open; null: nobody asks. */
  readonly open?: OpenTransactions | null;
}
