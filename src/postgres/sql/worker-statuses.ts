/** The workers as people see them: which of them live. */
import type { WorkerStatus } from "../../store/looking.ts";
import type { Connection } from "../connection.ts";
import { listWorkers } from "./workers.ts";

const LIVING = "SELECT id FROM tq.living";

/** A standby has the rows of workers, and none of the primary's locks. */
const IS_STANDBY = "SELECT pg_is_in_recovery() AS yes";

export async function workerStatuses(db: Connection): Promise<WorkerStatus[]> {
  const [workers, living, standby] = await Promise.all([
    listWorkers(db),
    db.all<{ id: string }>(LIVING),
    db.get<{ yes: boolean }>(IS_STANDBY),
  ]);
  if (standby?.yes === true) return workers.map((one) => ({ ...one, alive: true, unsure: true }));
  const alive = new Set(living.map(({ id }) => id));
  return workers.map((one) => ({ ...one, alive: alive.has(one.id) }));
}
