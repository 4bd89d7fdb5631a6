/** Fills a database as years of use leave it: tasks of all states in many queues, and a week of statistics. */
import type { Database } from "bun:sqlite";
import { type RunCounts, SeriesCounts } from "../../src/statistics/counts.ts";
import { addPart } from "../../src/sqlite/sql/statistics.ts";
import { DAY_MS, MINUTE_MS } from "../../src/values/duration.ts";

/** How many tasks of each state. */
export interface Mix {
  readonly finished: number;
  readonly failed: number;
  readonly scheduled: number;
  readonly ready: number;
}

const QUEUES = 100;

/** A prime: it spreads times that are to come over all ids. */
const SPREAD = 7_919;

/** The values of the task with the number n: ended ones by their ids over eight days, waiting ones of the last hours. */
const TASKS: Readonly<Record<keyof Mix, string>> = {
  finished: "$now - 691200000 + n * 691200000 / $of, NULL, 1",
  failed: "$now - 691200000 + n * 691200000 / $of, NULL, 1",
  scheduled: `$now - 7200000, $now + 3600000 + (n * ${SPREAD} % $of) * 2592000000 / $of, 0`,
  ready: "$now - 7200000 + n * 7000000 / $of, NULL, 0",
};

const fill = (state: keyof Mix): string => `
  WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < $of),
  task (n, at, scheduled, ended) AS (SELECT n, ${TASKS[state]} FROM counter)
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        enqueued_at, scheduled_at, dequeued_at, finished_at, attempts, failures, reason)
  SELECT '${state}', printf('queue-%02d', n % ${QUEUES}), iif(n % 50 = 0, 1, 0), coalesce(scheduled, at),
         'shop.order', iif(n % 3 = 0, 'send', 'process'), '[' || n || ']', '["EUR",' || (n % 1000) || ']', 0, '{}',
         at, scheduled, iif(ended, at + 5, NULL), iif(ended, at + 20, NULL), ended, ended,
         iif('${state}' = 'failed', 'TypeError: order ' || (n % 40) || ' has no address', NULL)
    FROM task`;

export function fillMix(db: Database, mix: Mix, now: number): void {
  for (const state of ["finished", "failed", "scheduled", "ready"] as const) {
    if (mix[state] > 0) db.query(fill(state)).run({ of: mix[state], now });
  }
}

const WORKER = `
  INSERT INTO tq__worker (id, pid, host, boot_id, started_at, threads, queues)
  VALUES ('bench', 1, 'bench', 'bench', 0, 1, '[]')`;

/** So many queues run tasks in each minute; in each hour all do. */
const BUSY = 20;

/** Statistics of eight days, as workers write them. */
export function fillStatistics(db: Database, now: number): void {
  db.run("BEGIN");
  db.run(WORKER);
  const last = Math.floor(now / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
  const first = last - 8 * DAY_MS;
  for (let at = first, number = 1; at <= last; at += MINUTE_MS, number++) {
    addPart(db, { worker: "bench", number, at, counts: minuteOf(number) });
  }
  db.run("DELETE FROM tq__worker");
  db.run("COMMIT");
}

function minuteOf(number: number): SeriesCounts {
  const counts = new SeriesCounts();
  for (let index = 0; index < BUSY; index++) {
    const queue = `queue-${String((number * BUSY + index) % QUEUES).padStart(2, "0")}`;
    for (const method of ["process", "send"])
      fillCounts(counts.of({ queue, model: "shop.order", method }), number + index);
  }
  return counts;
}

/** Lengths of time in some ten buckets, as real ones are. */
function fillCounts(counts: RunCounts, seed: number): void {
  counts.ends.finished = 20;
  counts.ends.failed = seed % 3;
  for (let run = 0; run < 20; run++) {
    const length = 2 ** ((seed * 7 + run * 3) % 11);
    counts.measures.wait.add(length);
    counts.measures.run.add(length / 2 + run);
  }
}
