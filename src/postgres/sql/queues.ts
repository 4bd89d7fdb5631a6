/** Finds the queues with ready tasks, and those among them that a worker wants. */
import { isPattern } from "../../patterns.ts";
import type { Connection } from "../connection.ts";
import { namesLike } from "./patterns.ts";

/** The conditions of the partial indexes. */
export const IN_LINE = "state = 'ready' AND suspect = 0";
export const SUSPECT = "state = 'ready' AND suspect > 0 AND suspect = 1";

/**
 * Each name is found by the index: to read them all would be to read all ready tasks.
 *
 * @param from a condition for the first one.
 */
export const namesWith = (condition: string, from = ""): string => `
  WITH RECURSIVE name (queue) AS (
    (SELECT queue FROM tq.task WHERE ${condition}${from} ORDER BY queue LIMIT 1)
     UNION ALL
    SELECT (SELECT queue FROM tq.task WHERE ${condition} AND queue > name.queue ORDER BY queue LIMIT 1)
      FROM name WHERE name.queue IS NOT NULL)
  SELECT queue FROM name WHERE queue IS NOT NULL`;

/**
 * The queues with tasks in line that match. Written into a statement that has to look them up itself.
 *
 * @param patterns a parameter: the patterns of `likes`.
 */
export const matchingNames = (patterns: string): string => `
  SELECT queue FROM (${namesWith(IN_LINE)}) AS name
   WHERE cardinality(${patterns}::text[]) = 0 OR queue LIKE ANY (${patterns}::text[])`;

const NAMES = `${namesWith(IN_LINE)} LIMIT $1::bigint`;
const SUSPECT_NAMES = namesWith(SUSPECT);

/** The queues with tasks in line. @param most null: all of them */
export async function readyQueues(db: Connection, most: number | null = null): Promise<string[]> {
  return (await db.all<{ queue: string }>(NAMES, [most])).map(({ queue }) => queue);
}

/** The queues that have suspects: ready tasks whose worker died while it held them. */
export async function suspectQueues(db: Connection): Promise<string[]> {
  return (await db.all<{ queue: string }>(SUSPECT_NAMES)).map(({ queue }) => queue);
}

/** True when these are names alone, and match no other queue. */
export function areNames(patterns: readonly string[]): boolean {
  return patterns.length > 0 && !patterns.some(isPattern);
}

/** The names and patterns of queues as LIKE takes them. */
export function likes(patterns: readonly string[]): string[] {
  return patterns.map(namesLike);
}
