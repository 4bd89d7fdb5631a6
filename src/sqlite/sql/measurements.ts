/** Reads what monitoring asks for: each number by an index, or from a row that has it. */
import type { Database } from "bun:sqlite";
import type { BusyThreads, Measurements } from "../../store/measurements.ts";
import { keptFlushTimes } from "./flush-counts.ts";
import { oldestReady } from "./outlook.ts";

/** The ids of tasks are never used again, so the last one is the number of pushes. */
const PUSHED = "SELECT seq AS pushed FROM sqlite_sequence WHERE name = 'tq__task'";

const BUSY = `
  SELECT worker, count(DISTINCT thread) AS threads FROM tq__task WHERE state = 'running' GROUP BY worker`;

const TOTALS = "SELECT name, total FROM tq__total";

export function measure(db: Database, queues: readonly string[], now: number): Measurements {
  const { pushed } = (db.query(PUSHED).get() ?? { pushed: 0 }) as { pushed: number };
  const totals = Object.fromEntries(db.query(TOTALS).values()) as Record<string, number>;
  return {
    pushed,
    workers_rescued: totals["workers_rescued"] ?? 0,
    tasks_rescued: totals["tasks_rescued"] ?? 0,
    flushes: keptFlushTimes(totals),
    oldest_ready: oldestReady(db, queues, now),
    busy: db.query(BUSY).all() as BusyThreads[],
  };
}
