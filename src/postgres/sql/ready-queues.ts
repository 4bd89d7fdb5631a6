/** Finds the queues that have ready tasks, by leaps over the index: those in the line of claims, and those beside it. */
import type { Connection } from "../connection.ts";

/** The conditions of the partial indexes. */
export const IN_LINE = "state = 'ready' AND suspect = 0";
export const SUSPECT = "state = 'ready' AND suspect > 0 AND suspect = 1";

export type Where = typeof IN_LINE | typeof SUSPECT;

/** The names behind $1 in their order, $2 at most: a text that may stand in parentheses after FROM. */
const leaping = (where: Where): string => `
  WITH RECURSIVE name (queue) AS (
    (SELECT queue FROM tq.task WHERE ${where} AND queue > $1::text ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT queue FROM tq.task WHERE ${where} AND queue > name.queue ORDER BY queue LIMIT 1)
      FROM name WHERE name.queue IS NOT NULL)
  SELECT queue FROM name WHERE queue IS NOT NULL LIMIT $2::bigint`;

export const QUEUES_IN_LINE = leaping(IN_LINE);
const SUSPECT_QUEUES = leaping(SUSPECT);

interface QueueRow {
  readonly queue: string;
}

/** The first queues that have a ready task in the line of claims, in their order. */
export async function queuesInLine(db: Connection, most: number): Promise<string[]> {
  return (await db.all<QueueRow>(QUEUES_IN_LINE, ["", most])).map(({ queue }) => queue);
}

/** The queues that have suspects: ready tasks whose worker died while it held them. */
export async function suspectQueues(db: Connection, most: number): Promise<string[]> {
  return (await db.all<QueueRow>(SUSPECT_QUEUES, ["", most])).map(({ queue }) => queue);
}
