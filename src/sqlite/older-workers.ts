/** Programs of an older tq that run tasks: they would go on in a newer schema, and ignore what they do not know. */
import type { Database } from "bun:sqlite";
import { TqError } from "../errors.ts";
import { isAlive } from "./file/liveness.ts";

interface OlderWorker {
  readonly id: string;
  readonly pid: number;
  readonly threads: number;
  /** Absent in the first schemas, null where an older build started it. */
  readonly version?: string | null;
}

/** Its columns depend on the schema. */
const WORKERS = "SELECT * FROM tq__worker ORDER BY started_at, id";

/**
 * Call it with the write lock, before the schema changes: workers register in a transaction.
 *
 * @throws TqError "database" that names the programs that live.
 */
export function refuseOlderWorkers(db: Database, path: string, from: number, to: number): void {
  const workers = living(db, path);
  if (workers.length === 0) return;
  const run = workers.length === 1 ? "runs" : "run";
  throw new TqError(
    "database",
    `Cannot bring ${path} from schema ${from} to ${to}: ${workers.map(wordsOf).join(" and ")} ${run} on it, and would ignore all that is newer; stop every worker and program of the older tq first, then start the newer one (see Update in docs/operating.md)`,
  );
}

/** The workers, and programs that run their own tasks, that live; the schema may be of any version. */
export function livingPrograms(
  db: Database,
  path: string,
): { pid: number; version: string | null }[] {
  return living(db, path).map(({ pid, version = null }) => ({ pid, version }));
}

function living(db: Database, path: string): OlderWorker[] {
  return (db.query(WORKERS).all() as OlderWorker[]).filter(({ id }) => isAlive(path, id));
}

function wordsOf({ id, pid, threads, version = null }: OlderWorker): string {
  const build = version === null ? "an older tq" : `tq ${version}`;
  if (threads > 0) return `worker ${id} (pid ${pid}, ${build})`;
  return `the program with pid ${pid} (${build}), which runs its own tasks,`;
}
