/** Counts of tasks that are kept, as there are too many to count them whenever someone asks. */
import {
  differs,
  type KeptCount,
  largestOf,
  MOST_OF_PART,
  MOST_OF_QUEUE,
  type Part,
  PARTS,
  type Recount,
} from "../../store/queue-counts.ts";
import type { Connection } from "../connection.ts";
import { lock } from "../locks.ts";

/** The conditions of the partial indexes. */
export const WHERE: Readonly<Record<Part, string>> = {
  line: "state = 'ready' AND suspect = 0",
  /** Suspects, and tasks that are set aside for a pause. */
  beside: "state = 'ready' AND suspect > 0",
  scheduled: "state = 'scheduled'",
  failed: "state = 'failed' AND finished_at IS NOT NULL",
};

/** In the order of each index: the server must not read the whole table in hope of finding enough soon. */
export const ORDER: Readonly<Record<Part, string>> = {
  line: "queue",
  beside: "suspect",
  scheduled: "scheduled_at",
  failed: "finished_at",
};

const HAS_MORE = Object.fromEntries(
  PARTS.map((part) => [
    part,
    `SELECT 1 AS more FROM tq.task WHERE ${WHERE[part]} ORDER BY ${ORDER[part]} LIMIT 1 OFFSET $1::bigint`,
  ]),
) as Record<Part, string>;

/** A part with more tasks is not counted whenever someone asks. */
export const mostOf = (part: Part): number => (part === "line" ? MOST_OF_QUEUE : MOST_OF_PART);

/** True where the part has more tasks than that: the index alone says so. */
export async function hasMore(db: Connection, part: Part, most: number): Promise<boolean> {
  return (await db.get(HAS_MORE[part], [most])) !== null;
}

const isMany = (part: Part): string =>
  `(SELECT true FROM tq.task WHERE ${WHERE[part]} ORDER BY ${ORDER[part]} LIMIT 1 OFFSET ${mostOf(part)}) IS NOT NULL`;

/**
 * Null where there are few tasks, and no counts that are kept. The server's count of written rows may be some seconds old,
 * as the counts are.
 */
export const COUNTS_VERSION = `
  CASE WHEN EXISTS (SELECT FROM tq.count) OR ${PARTS.map(isMany).join(" OR ")}
       THEN (SELECT (pg_stat_get_tuples_inserted(task) + pg_stat_get_tuples_updated(task) +
                     pg_stat_get_tuples_deleted(task))::float8
               FROM (SELECT 'tq.task'::regclass::oid) AS named (task)) END`;

const COUNTS_VERSION_NOW = `SELECT ${COUNTS_VERSION} AS version`;

export async function countsVersion(db: Connection): Promise<number | null> {
  return (await db.get<{ version: number | null }>(COUNTS_VERSION_NOW))?.version ?? null;
}

const KEPT = `
  SELECT queue, tasks::float8 AS tasks, counted_at::float8 AS counted_at FROM tq.count WHERE part = $1`;

/** The last counts, by queue. */
export async function readKept(db: Connection, part: Part): Promise<Map<string, KeptCount>> {
  const rows = await db.all<KeptCount & { readonly queue: string }>(KEPT, [part]);
  return new Map(rows.map(({ queue, tasks, counted_at }) => [queue, { tasks, counted_at }]));
}

const HAS_ANY = "SELECT 1 AS one FROM tq.count WHERE part = $1 LIMIT 1";

export async function isAnyKept(db: Connection, part: Part): Promise<boolean> {
  return (await db.get(HAS_ANY, [part])) !== null;
}

const FORGET = "DELETE FROM tq.count WHERE part = $1";
const KEEP = `
  INSERT INTO tq.count (part, queue, tasks, counted_at)
  SELECT $1::text, queue, tasks, $4::bigint FROM unnest($2::text[], $3::bigint[]) AS kept (queue, tasks)`;

/** Call it in a transaction of its own. @returns true where they differ from those before */
export async function keep(db: Connection, recount: Recount): Promise<boolean> {
  const { part, at } = recount;
  const largest = largestOf(recount);
  await lock(db, "counts");
  const before = await readKept(db, part);
  await db.run(FORGET, [part]);
  const [queues, tasks] = [largest.map(([queue]) => queue), largest.map(([, count]) => count)];
  if (largest.length > 0) await db.run(KEEP, [part, queues, tasks, at]);
  return differs(largest, before);
}
