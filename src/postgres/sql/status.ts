/** Reads how the queues, the workers and the database stand. */
import { withServed } from "../../store/live-workers.ts";
import type { QueueInfo, StoreStatus, Waiting } from "../../store/looking.ts";
import { oldestOf } from "../../store/measurements.ts";
import { isQueuePaused, type PauseTarget } from "../../store/pauses.ts";
import { HOUR_MS } from "../../values/duration.ts";
import type { Connection } from "../connection.ts";
import { POSTGRES_SCHEMA_VERSION } from "../schema-version.ts";
import { countFailedSince } from "./condition.ts";
import { countQueues } from "./counts.ts";
import { lastMinute } from "./last-minute.ts";
import { lastHour } from "./last-hour.ts";
import { oldestReady, withForecasts } from "./outlook.ts";
import { overdueQueues } from "./overdue.ts";
import { shownPauses } from "./pauses.ts";
import { readyQueues, suspectQueues } from "./queues.ts";
import { workerStatuses } from "./worker-statuses.ts";

/** The tables of tq with their indexes; those of the models are the user's. */
const SERVER = `
  SELECT (SELECT sum(pg_total_relation_size(pg_class.oid))::float8
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
           WHERE nspname = 'tq' AND relkind = 'r') AS size,
         current_setting('synchronous_commit') <> 'off' AS "isFlushed"`;

interface ServerRow {
  readonly size: number;
  readonly isFlushed: boolean;
}

export async function statusOf(db: Connection, name: string, now: number): Promise<StoreStatus> {
  const [server, workers, pauses] = await Promise.all([
    db.get<ServerRow>(SERVER),
    workerStatuses(db),
    shownPauses(db, now),
  ]);
  const queues = await countQueues(db);
  return {
    path: name,
    schema: POSTGRES_SCHEMA_VERSION,
    durability: server?.isFlushed === false ? "normal" : "full",
    file_size: server?.size ?? 0,
    wal_size: null,
    free_size: null,
    queues: await withForecasts(db, withServed(queues, workers, pauses), workers, now),
    pauses,
    free_disk: null,
    oldest_ready: oldestOf(await oldestReady(db, unpausedWaiting(queues, pauses), now)),
    backup: null,
    failed_lately: await countFailedSince(db, now - HOUR_MS),
    last_hour: await lastHour(db, now),
    last_minute: await lastMinute(db, now),
    workers,
  };
}

/** Finding that many takes some ms. */
const MOST_WAITING = 1_000;

function unpausedWaiting(queues: readonly QueueInfo[], pauses: readonly PauseTarget[]): string[] {
  const ready = queues.filter(
    (one) => one.ready + one.scheduled > 0 && !isQueuePaused(pauses, one.queue),
  );
  return ready.slice(0, MOST_WAITING).map(({ queue }) => queue);
}

export async function waitingOf(db: Connection, now: number): Promise<Waiting> {
  const [pauses, workers, inLine, suspects, overdue] = await Promise.all([
    shownPauses(db, now),
    workerStatuses(db),
    readyQueues(db, MOST_WAITING),
    suspectQueues(db),
    overdueQueues(db, now),
  ]);
  const due = overdue.map(({ queue }) => queue);
  const names = [...new Set([...inLine, ...suspects.slice(0, MOST_WAITING), ...due])];
  return { workers, queues: names.filter((queue) => !isQueuePaused(pauses, queue)) };
}
