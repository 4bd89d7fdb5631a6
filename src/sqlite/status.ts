/** Reads how the queues, the workers and the files stand. */
import type { Database } from "bun:sqlite";
import { withServed } from "../store/live-workers.ts";
import type { QueueInfo, StoreStatus, Waiting } from "../store/looking.ts";
import { isQueuePaused } from "../store/pauses.ts";
import { withAlive } from "./file/liveness.ts";
import { SCHEMA_VERSION } from "./migrate.ts";
import { fileSizes, listWorkers } from "./sql/looking.ts";
import { lastHour } from "./sql/last-hour.ts";
import { withForecasts } from "./sql/outlook.ts";
import { shownPauses } from "./sql/pauses.ts";
import { candidates, suspectQueues } from "./sql/queues.ts";

export function statusOf(
  db: Database,
  { path, durability }: Pick<StoreStatus, "path" | "durability">,
  queues: readonly QueueInfo[],
  now: number,
): StoreStatus {
  const workers = withAlive(path, listWorkers(db));
  const pauses = shownPauses(db, now);
  return {
    path,
    schema: SCHEMA_VERSION,
    durability,
    ...fileSizes(db, path),
    queues: withForecasts(db, withServed(queues, workers, pauses), workers, now),
    pauses,
    last_hour: lastHour(db, now),
    workers,
  };
}

/** Finding that many takes some ms. */
const MOST_WAITING = 1_000;

export function waitingOf(db: Database, path: string, now: number): Waiting {
  const pauses = shownPauses(db, now);
  const named = [...candidates(db, []).take(MOST_WAITING), ...suspectQueues(db)];
  return {
    workers: withAlive(path, listWorkers(db)),
    queues: [...new Set(named)].filter((queue) => !isQueuePaused(pauses, queue)),
  };
}
