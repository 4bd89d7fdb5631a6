/** Reads what monitoring asks for: each number by an index, or from a row that has it. */
import { Histogram } from "../../statistics/histogram.ts";
import type { BusyThreads, Measurements } from "../../store/measurements.ts";
import type { Connection } from "../connection.ts";
import { oldestReady } from "./outlook.ts";

/**
 * The ids of tasks are never used again, so the last one is the number of pushes, beside the gaps that undone pushes leave.
 * A sequence that was never asked says that it was not called.
 */
const PUSHED = `
  SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('tq.task', 'id')::regclass), 0)::float8 AS pushed`;

const BUSY = `
  SELECT worker, count(DISTINCT thread)::float8 AS threads
    FROM tq.task WHERE state = 'running' GROUP BY worker ORDER BY worker`;

const TOTALS = "SELECT name, total::float8 AS total FROM tq.total";

export async function measure(
  db: Connection,
  queues: readonly string[],
  now: number,
): Promise<Measurements> {
  const [pushed, rows, busy, oldest] = await Promise.all([
    db.get<{ pushed: number }>(PUSHED),
    db.all<{ name: string; total: number }>(TOTALS),
    db.all<BusyThreads>(BUSY),
    oldestReady(db, queues, now),
  ]);
  const totals = new Map(rows.map(({ name, total }) => [name, total]));
  return {
    pushed: pushed?.pushed ?? 0,
    workers_rescued: totals.get("workers_rescued") ?? 0,
    tasks_rescued: totals.get("tasks_rescued") ?? 0,
    flushes: new Histogram(), // the server's: tq does not see them
    oldest_ready: oldest,
    busy,
  };
}
