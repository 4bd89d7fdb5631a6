/** A backup that takes the place of a database. */
import type { TaskCounts } from "./backup.ts";
import type { Pause } from "./pauses.ts";

/** The content of a backup. */
export interface BackupContent {
  readonly tasks: TaskCounts;
  /** Recurring tasks that are in force. */
  readonly recurring: number;
  /** Tokens of the admin API, which let their holders in again. */
  readonly tokens: number;
  /** When it was made, in ms since 1970 UTC; null: not by `tq backup`. */
  readonly madeAt: number | null;
}

export interface RestoreOptions {
  /** The path of the database. */
  readonly database: string;
  /** The path of the backup. */
  readonly file: string;
  /** True: everything is paused, and slots that have passed since are not caught up. */
  readonly hold: boolean;
  /** New ids begin so much later where it is unknown which ones were given since; null: as many as usual. */
  readonly skip: number | null;
  /** Free bytes that the disk of the queue must keep. */
  readonly minFree: number;
}

export interface Restored {
  /** The new database. */
  readonly path: string;
  /** Where the former one is now; null: there was none. */
  readonly former: string | null;
  /** The logs of the former one, where they could not be written into it, or it was gone. */
  readonly former_logs: readonly string[];
  readonly tasks: TaskCounts;
  /** Tasks that ran when the copy was made, and are ready again. */
  readonly interrupted: number;
  /** The id that the next task gets. */
  readonly next_id: number;
  readonly held: boolean;
  /** The pauses in force: those of the backup, such as that of a former `--hold`, and the one of this. */
  readonly pauses: readonly Pause[];
}
