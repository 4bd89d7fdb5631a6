/** The types of recurring tasks as a store keeps them. All times are ms since 1970 UTC. */
import type { NewTask, TaskState } from "../task.ts";

export type SlotOutcome = "pushed" | "waiting" | "skipped" | "paused" | "missed";

/** Says who holds a recurring task back, and why. */
export interface CronPause {
  /** `root@shop` */
  readonly by: string;
  /** When it began. */
  readonly at: number;
  readonly reason: string | null;
  /** When it ends by itself; null: when it is resumed. */
  readonly until: number | null;
}

/** What the database says instead of a definition, by the definition's keys; a pause beside them. */
export interface CronOverride {
  readonly pause?: CronPause;
  readonly [key: string]: unknown;
}

/** A recurring task in the database: its definition, as its source had it last. */
export interface CronRow {
  readonly name: string;
  /** The file that defines it; "database": `tq cron add` did. */
  readonly origin: string;
  /** JSON of the definition's keys. */
  readonly definition: string;
  readonly override: CronOverride;
  /** Slots up to this time are decided. */
  readonly decidedUntil: number;
  /** Its file does not have it any more; null: it is in force. */
  readonly removedAt: number | null;
  /** The slot that waits for the end of the task before; null: none. */
  readonly waiting: number | null;
}

/** How things are, inside the transaction that decides slots. */
export interface CronState {
  readonly row: CronRow;
  /** Slots after `decidedUntil` that have a row all the same: the clock was ahead. */
  readonly taken: ReadonlySet<number>;
  /** The latest of its tasks that has not ended; null: none. */
  readonly unfinished: number | null;
  /** A number from 0 to 1 that this database has drawn once. */
  readonly share: number;
}

export interface DecidedSlot {
  readonly slot: number;
  readonly outcome: SlotOutcome;
  readonly reason: string | null;
  /** Null unless it is pushed. */
  readonly task: NewTask | null;
}

export interface CronDecision {
  readonly slots: readonly DecidedSlot[];
  /** Slots up to this time are decided from now on; earlier than before where the clock was ahead. */
  readonly decidedUntil: number;
}

/** A row of the ledger. */
export interface CronSlot extends Omit<DecidedSlot, "task"> {
  readonly cron: string;
  readonly decidedAt: number;
  /** The id of its task; null: none was pushed. */
  readonly task: number | null;
}

/** A row of the ledger with the state of its task. */
export interface PastSlot extends CronSlot {
  /** Null where no task was pushed, and where it is deleted. */
  readonly state: TaskState | null;
}

/** A definition as JSON text, which was read without a problem. */
export interface CronText {
  readonly name: string;
  readonly definition: string;
}

/** All recurring tasks of one source. */
export interface CronSource {
  /** The path of its file. */
  readonly origin: string;
  readonly definitions: readonly CronText[];
}

/** The origin of what `tq cron add` made. */
export const DATABASE_ORIGIN = "database";
