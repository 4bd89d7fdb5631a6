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
  /** Files with the name of one that may be of this database, but not surely: they are not counted, and stay. */
  readonly uncounted: readonly UncountedFile[];
}

export interface UncountedFile {
  readonly path: string;
  /** The host and path that the database had then, or that one has which began as its copy; null: unknown. */
  readonly place: string | null;
}

/** How the backups of a database went. All times are ms since 1970 UTC. */
export interface BackupRecord {
  /** When the last good one ended; null: none is known. */
  readonly made_at: number | null;
  /** Its file, which may be gone since. */
  readonly path: string | null;
  /** In bytes. */
  readonly size: number | null;
  /** When the last try failed, where that was after the last good one. */
  readonly failed_at: number | null;
  readonly reason: string | null;
  /** When this database took the place of another one: what was made before is of the past of its copy. */
  readonly restored_at: number | null;
}

/** How one has ended: where it is, or why there is none. */
export type BackupEnd = Pick<Backup, "path" | "size"> | { readonly reason: string };

export const NO_BACKUP: BackupRecord = {
  made_at: null,
  path: null,
  size: null,
  failed_at: null,
  reason: null,
  restored_at: null,
};
