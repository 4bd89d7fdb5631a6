/** The types of recurring tasks as a store keeps them. All times are ms since 1970 UTC. */
import type { NewTask, TaskState } from "../task.ts";
import type { FormerTimes } from "./former.ts";

/** "started", "done" and "failed" are those of tq's own recurring tasks, which push none. */
export type SlotOutcome =
  "pushed" | "waiting" | "skipped" | "paused" | "missed" | "started" | "done" | "failed";

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

/** Keys of a definition that the database says otherwise; a pause beside them. */
export interface CronOverride {
  readonly pause?: CronPause;
  readonly [key: string]: unknown;
}

/**
 * Where a definition comes from; of two with one name the later kind wins, and among equals the first as long as a live
 * worker has it.
 */
export const ORIGIN_KINDS = ["tq", "model", "settings", "database"] as const;

export type OriginKind = (typeof ORIGIN_KINDS)[number];

/** A recurring task in the database: its definition, as its source had it last. */
export interface CronRow {
  readonly name: string;
  /** The file that defines it, on a server behind its host; "database": `tq cron add` did; "tq": tq itself. */
  readonly origin: string;
  readonly kind: OriginKind;
  /** JSON of the keys that were said, as `encode` writes it. */
  readonly definition: string;
  /** False while no live worker has its file: its slots wait for one. */
  readonly held: boolean;
  /** Since when a live worker has its file without a break; 0: always. */
  readonly heldSince: number;
  /** Since when a worker has seen that none has its file any more; null: one has it, none has looked, or no host shares it. */
  readonly leftAt: number | null;
  /** Live workers have its file, and none has the models that it needs. */
  readonly isUnknown: boolean;
  /** Other files that say another thing of this name, which is not in force. */
  readonly others: readonly string[];
  readonly override: CronOverride;
  /** Slots up to this time are decided. */
  readonly decidedUntil: number;
  /** The times that it had before, the earliest first: their slots are not all decided yet. */
  readonly former: readonly FormerTimes[];
  /** The zone of the workers' machine: its clock counts where the definition names none. Null: no worker has run yet. */
  readonly zone: string | null;
  /** Its file does not have it any more; null: it is in force. */
  readonly removedAt: number | null;
  /** The first slot that waits for the end of the task before; null: none. */
  readonly waiting: number | null;
  /** The number of slots that wait: more than one with `missed = "all"` alone. */
  readonly waitingCount: number;
}

/** How things are, inside the transaction that decides slots. */
export interface CronState {
  readonly row: CronRow;
  /** Slots after `decidedUntil` that have a row all the same: the clock was ahead. */
  readonly taken: ReadonlySet<number>;
  /** The latest of its tasks that has not ended; null: none. */
  readonly unfinished: number | null;
  /** The live worker that has not ended what it does for a slot of a task of tq's own; null: none. */
  readonly working: string | null;
  /** A number from 0 to 1 that this database has drawn once. */
  readonly share: number;
}

export interface DecidedSlot {
  readonly slot: number;
  /** The row also stands for the slots from this one up to `slot` that have none. Default: for `slot` alone. */
  readonly firstSlot?: number | null;
  readonly outcome: SlotOutcome;
  readonly reason: string | null;
  /** Null unless it is pushed. */
  readonly task: NewTask | null;
}

export interface CronDecision {
  readonly slots: readonly DecidedSlot[];
  /** Slots up to this time are decided from now on; earlier than before where the clock was ahead. */
  readonly decidedUntil: number;
  /** Slots that wait are left out, for this reason. Default: they go on waiting. */
  readonly leaveOut?: string;
}

/** A row of the ledger. */
export interface CronSlot extends Omit<DecidedSlot, "task"> {
  readonly cron: string;
  readonly firstSlot: number | null;
  readonly decidedAt: number;
  /** The id of its task; null: none was pushed. */
  readonly task: number | null;
}

/** A row of the ledger with the state of its task. */
export interface PastSlot extends CronSlot {
  /** Null where no task was pushed, and where it is deleted. */
  readonly state: TaskState | null;
}

/** A recurring task as a source defines it, in JSON text that was read without a problem. */
export interface CronText {
  readonly name: string;
  readonly definition: string;
}

/** The recurring tasks of one source. */
export interface CronSource {
  /** The path of its file, behind its host where hosts share the database. */
  readonly origin: string;
  /** Default: "database" and "tq" for these origins, else "settings". */
  readonly kind?: OriginKind;
  /** The worker that has read it: once it is gone, other files may take the names. Default: none ever may. */
  readonly worker?: string;
  /** True: it has other definitions, which stay as they are. Default: what it had before and is not here is removed. */
  readonly isPart?: boolean;
  readonly definitions: readonly CronText[];
  /**
   * Names of it that need models which this worker does not have. What another worker with these models says of them
   * counts; one that has no definition here stays as it is. Default: none.
   */
  readonly foreign?: readonly string[];
}

/** The changes of definitions. */
export interface CronChanges {
  /** The names whose definition is another one now, or is new. */
  readonly changed: readonly string[];
  /** Those that their source does not have any more. */
  readonly removed: readonly { readonly name: string; readonly origin: string }[];
}

/** The origin of what `tq cron add` made. */
export const DATABASE_ORIGIN = "database";

/** The origin of tq's own recurring tasks. */
export const TQ_ORIGIN = "tq";

/** The origin of what environment variables, flags or the options of a program ask for, without a file. */
export const ENVIRONMENT_ORIGIN = "environment";

export function kindOf({ origin, kind }: Pick<CronSource, "origin" | "kind">): OriginKind {
  if (kind !== undefined) return kind;
  return origin === DATABASE_ORIGIN || origin === TQ_ORIGIN ? origin : "settings";
}

/** A store keeps so many of the last slots of each recurring task. */
export const MOST_SLOTS = 1_000;
