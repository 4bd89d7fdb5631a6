/** Counts of tasks that are kept, as there are too many to count them whenever someone asks. */
import type { Database } from "bun:sqlite";
import {
  differs,
  type KeptCount,
  largestOf,
  type Part,
  PARTS,
  type Recount,
} from "../../store/queue-counts.ts";

/** The conditions of the partial indexes: where one is spelt differently, SQLite reads the whole table. */
export const WHERE: Readonly<Record<Part, string>> = {
  line: "state = 'ready' AND suspect = 0",
  /** Suspects, and tasks that are set aside for a pause. */
  beside: "state = 'ready' AND suspect > 0",
  scheduled: "state = 'scheduled'",
  failed: "state = 'failed' AND finished_at IS NOT NULL",
};

const HAS_MORE = Object.fromEntries(
  PARTS.map((part) => [
    part,
    `SELECT 1 FROM tq__task WHERE ${WHERE[part]} LIMIT 1 OFFSET CAST($most AS INTEGER)`,
  ]),
) as Record<Part, string>;

/** True where the part has more tasks than that: the index alone says so. */
export function hasMore(db: Database, part: Part, most: number): boolean {
  return db.query(HAS_MORE[part]).get({ most }) !== null;
}

const KEPT = "SELECT queue, tasks, counted_at FROM tq__count WHERE part = $part";

/** The last counts, by queue. */
export function readKept(db: Database, part: Part): Map<string, KeptCount> {
  const rows = db.query(KEPT).values({ part }) as [string, number, number][];
  return new Map(rows.map(([queue, tasks, counted_at]) => [queue, { tasks, counted_at }]));
}

const HAS_ANY = "SELECT 1 FROM tq__count WHERE part = $part LIMIT 1";
const FORGET = "DELETE FROM tq__count WHERE part = $part";
const KEEP = `
  INSERT OR REPLACE INTO tq__count (part, queue, tasks, counted_at) VALUES ($part, $queue, $tasks, $at)`;

export function isAnyKept(db: Database, part: Part): boolean {
  return db.query(HAS_ANY).get({ part }) !== null;
}

/** @returns true where they differ from those before. */
export function keep(db: Database, recount: Recount): boolean {
  const { part, at } = recount;
  const largest = largestOf(recount);
  const before = readKept(db, part);
  db.query(FORGET).run({ part });
  for (const [queue, tasks] of largest) db.query(KEEP).run({ part, queue, tasks, at });
  return differs(largest, before);
}
