/** Looks whether a copy of a database is whole. */
import type { Database } from "bun:sqlite";
import { TqError } from "../../errors.ts";
import type { TaskCounts } from "../../store/backup.ts";
import { TASK_STATES } from "../../task.ts";

const FAULTS = {
  /** Reads every page, and every index against its table. */
  all: "PRAGMA integrity_check(1)",
  /** Reads every page; for a file whose indexes were just made. */
  pages: "PRAGMA quick_check(1)",
};

/** The name of the database, above its damage. */
const HEADING = /^\*{3} in database \w+ \*{3}$/;

/** The first damage that is found; null: none. */
export function faultOf(db: Database, what: keyof typeof FAULTS = "all"): string | null {
  const [[fault = ""] = []] = db.query(FAULTS[what]).values() as string[][];
  if (fault === "ok") return null;
  return fault.split("\n").find((line) => !HEADING.test(line)) ?? fault;
}

/** @throws TqError "database" where it is damaged. */
export function checkSound(db: Database, path: string, what: keyof typeof FAULTS = "all"): void {
  const fault = faultOf(db, what);
  if (fault === null) return;
  throw new TqError("database", `Cannot trust ${path}: it is damaged (${fault})`);
}

const COUNT = "SELECT state, count(*) FROM tq__task GROUP BY state";

export function countTasks(db: Database): TaskCounts {
  const none = TASK_STATES.map((state) => [state, 0]);
  return Object.fromEntries([...none, ...db.query(COUNT).values()]) as TaskCounts;
}

const LAST_ID = "SELECT seq FROM sqlite_sequence WHERE name = 'tq__task'";

/** The last id that a task was given; 0: none. */
export function lastTask(db: Database): number {
  return (db.query(LAST_ID).get() as { seq: number } | null)?.seq ?? 0;
}
