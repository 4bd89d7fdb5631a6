/** The workers as people see them: which of them live. */
import type { WorkerStatus } from "../../store/looking.ts";
import type { Connection } from "../connection.ts";
import { listWorkers } from "./workers.ts";

const LIVING = "SELECT id FROM tq.living";

export async function workerStatuses(db: Connection): Promise<WorkerStatus[]> {
  const [workers, living] = await Promise.all([listWorkers(db), db.all<{ id: string }>(LIVING)]);
  const alive = new Set(living.map(({ id }) => id));
  return workers.map((one) => ({ ...one, alive: alive.has(one.id) }));
}
