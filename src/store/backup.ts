/** Copies of a database, for people to keep. */
import type { TaskState } from "../task.ts";

export type TaskCounts = Readonly<Record<TaskState, number>>;

/** A copy that was read again after it was written, and is whole. */
export interface Backup {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** The tasks in it. */
  readonly tasks: TaskCounts;
  /** The paths of earlier backups of this database that it took the place of. */
  readonly deleted: readonly string[];
}
