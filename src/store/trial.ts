/** A store for trials: it commits nothing, and shows which rows a transaction has changed. */
import type { Task } from "../task.ts";
import type { Session } from "./session.ts";
import type { Store } from "./store.ts";

/** The values of a row by column, as JSON carries them: bytes and texts that are too long are cut, and end with `…`. */
export type TrialRow = Readonly<Record<string, string | number | boolean | null>>;

/** How a row would stand after the commit. A row that is changed several times is one change. */
export interface RowChange {
  readonly table: string;
  /** The id of the row, or the values of its key. */
  readonly id: number | string;
  readonly change: "insert" | "update" | "delete";
  /** Before and after; of an update only the columns that differ; null: no row. */
  readonly before: TrialRow | null;
  readonly after: TrialRow | null;
}

export interface TrialChanges {
  readonly rows: readonly RowChange[];
  /** How many rows more were touched than `rows` looks at. */
  readonly more: number;
  readonly created: readonly string[];
  readonly dropped: readonly string[];
  /** The tasks that the transaction pushed, the first one first. */
  readonly pushed: readonly Task[];
  readonly morePushed: number;
}

export interface TrialStore extends Store {
  /** True once it has refused a commit. */
  readonly hasRefused: boolean;
  /** The changes that the session's transaction has made so far. @param limit the most rows of a table, and the most tasks. */
  changes(session: Session, limit: number): Promise<TrialChanges>;
}
