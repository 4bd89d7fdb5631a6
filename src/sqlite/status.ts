/** Reads how the queues, the workers and the files stand. */
import type { Database } from "bun:sqlite";
import { withServed } from "../store/live-workers.ts";
import type { QueueInfo, StoreStatus, Waiting } from "../store/looking.ts";
import { isQueuePaused, type PauseTarget } from "../store/pauses.ts";
import { oldestOf } from "../store/measurements.ts";
import { HOUR_MS } from "../values/duration.ts";
import { freeBytes } from "./file/capacity.ts";
import { withAlive } from "./file/liveness.ts";
import { SCHEMA_VERSION } from "./migrate.ts";
import { readBackups } from "./sql/backups.ts";
import { countFailedSince } from "./sql/condition.ts";
import { fileSizes, listWorkers } from "./sql/looking.ts";
import { lastMinute } from "./sql/last-minute.ts";
import { lastHour } from "./sql/last-hour.ts";
import { oldestReady, withForecasts } from "./sql/outlook.ts";
import { overdueQueues } from "./sql/overdue.ts";
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
  const free = freeBytes(path);
  return {
    path,
    schema: SCHEMA_VERSION,
    durability,
    ...fileSizes(db, path),
    queues: withForecasts(db, withServed(queues, workers, pauses), workers, now),
    pauses,
    free_disk: free === Infinity ? null : free,
    oldest_ready: oldestOf(oldestReady(db, waitingQueues(queues, pauses), now)),
    backup: readBackups(db),
    failed_lately: countFailedSince(db, now - HOUR_MS),
    last_hour: lastHour(db, now),
    last_minute: lastMinute(db, now),
    workers,
  };
}

/** Finding that many takes some ms. */
const MOST_WAITING = 1_000;

function waitingQueues(queues: readonly QueueInfo[], pauses: readonly PauseTarget[]): string[] {
  const ready = queues.filter(
    (one) => one.ready + one.scheduled > 0 && !isQueuePaused(pauses, one.queue),
  );
  return ready.slice(0, MOST_WAITING).map(({ queue }) => queue);
}

export function waitingOf(db: Database, path: string, now: number): Waiting {
  const pauses = shownPauses(db, now);
  const overdue = overdueQueues(db, now).map(({ queue }) => queue);
  const named = [...candidates(db, []).take(MOST_WAITING), ...suspectQueues(db), ...overdue];
  return {
    workers: withAlive(path, listWorkers(db)),
    queues: [...new Set(named)].filter((queue) => !isQueuePaused(pauses, queue)),
  };
}
