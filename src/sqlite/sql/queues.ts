/** Finds the queues with ready tasks, and those among them that a worker wants. */
import type { Database } from "bun:sqlite";
import { isPattern } from "../../patterns.ts";
import { takesQueue } from "../../store/queue-patterns.ts";

/** The conditions of the partial indexes: where one is spelt differently, SQLite reads the whole table. */
export const NO_SUSPECT = "suspect = 0";
export const SUSPECT = "suspect > 0 AND suspect = 1";

export type IsSuspect = typeof NO_SUSPECT | typeof SUSPECT;

/** Finds the names in order, by the index, from ?1 on: for names with a prefix the search begins there. */
const nonEmpty = (suspect: IsSuspect): string => `
  WITH RECURSIVE name (queue) AS (
    SELECT (SELECT queue FROM tq__task
             WHERE state = 'ready' AND ${suspect} AND queue >= CAST(?1 AS TEXT) ORDER BY queue LIMIT 1)
    UNION ALL
    SELECT (SELECT queue FROM tq__task
             WHERE state = 'ready' AND ${suspect} AND queue > name.queue ORDER BY queue LIMIT 1)
      FROM name WHERE name.queue IS NOT NULL)
  SELECT queue FROM name WHERE queue IS NOT NULL`;

/** Queues that have nothing ready but suspects are only in the second. */
const NON_EMPTY = nonEmpty(NO_SUSPECT);
const WITH_SUSPECTS = nonEmpty(SUSPECT);

/** The queues that have suspects: ready tasks whose worker died while it held them. */
export function suspectQueues(db: Database): string[] {
  const all = ""; // as the first name of the search
  return (db.query(WITH_SUSPECTS).values(all) as [string][]).map(([queue]) => queue);
}

/**
 * The queues that these names and patterns match; every queue where none are given. Plain names need no look at the
 * table.
 *
 * @param among the queues to match; default: those with a ready task that is no suspect.
 */
export function matchQueues(
  db: Database,
  patterns: readonly string[],
  among?: readonly string[],
): readonly string[] {
  if (among) return among.filter((name) => takesQueue(patterns, name));
  const [only] = patterns;
  if (only !== undefined && patterns.length === 1 && !isPattern(only)) return patterns;
  return [...candidates(db, patterns)].filter((name) => takesQueue(patterns, name));
}

/**
 * Finds, one after another, the queues that may match: the plain names, and for each pattern those with its prefix
 * and with a ready task that is no suspect. A caller that needs few of them stops early.
 */
export function* candidates(db: Database, patterns: readonly string[]): Generator<string, void> {
  if (patterns.length === 0) return yield* withPrefix(db, "");
  const seen = new Set<string>();
  for (const pattern of patterns) {
    for (const name of isPattern(pattern) ? withPrefix(db, prefixOf(pattern)) : [pattern]) {
      if (seen.has(name)) continue;
      seen.add(name);
      yield name;
    }
  }
}

function* withPrefix(db: Database, prefix: string): Generator<string, void> {
  for (const { queue } of db.query(NON_EMPTY).iterate(prefix) as Iterable<{ queue: string }>) {
    if (!queue.startsWith(prefix)) return;
    yield queue;
  }
}

/** The characters before the first `*` or `?`. */
function prefixOf(pattern: string): string {
  return pattern.slice(0, pattern.search(/[*?]/));
}

/** True when these are names alone, and match no other queue. */
export function areNames(patterns: readonly string[]): boolean {
  return patterns.length > 0 && !patterns.some(isPattern);
}
