/** The ready tasks that a pause of their method holds: those set aside, and those that no claim has met yet. */
import type { Database } from "bun:sqlite";
import { isCall } from "./call.ts";
import { namesGlob } from "./glob.ts";
import type { StoredPause } from "./pauses.ts";

/** The condition that a pause of `heldNames` holds a row with `HELD_BY`. */
export const IS_HELD = `EXISTS (SELECT 1 FROM json_each($held) WHERE ${isCall("value")})`;

/** The columns that `IS_HELD` reads. */
export const HELD_BY = "model, method, instances";

/** The pauses of methods, as the parameter of `IS_HELD`; null where there is none. */
export function heldNames(pauses: readonly StoredPause[]): string | null {
  const names = pauses.filter(({ kind }) => kind === "task").map(({ name }) => namesGlob(name));
  return names.length === 0 ? null : JSON.stringify(names);
}

const IN_LINE = `
  SELECT count(*) AS count
    FROM (SELECT ${HELD_BY} FROM tq__task
           WHERE state = 'ready' AND suspect = 0 AND queue = $queue
           LIMIT CAST($limit AS INTEGER))
   WHERE ${IS_HELD}`;

const ASIDE = `
  SELECT count(*) AS count
    FROM (SELECT 1 FROM tq__task
           WHERE state = 'ready' AND suspect > 0 AND suspect IN (SELECT value FROM json_each($groups)) AND queue = $queue
           LIMIT CAST($limit AS INTEGER))`;

/** Tasks of the line that are looked at: the others are taken to be as these are. Each is read from a place of its own. */
const SAMPLED = 1_000;

const MOST_ASIDE = 50_000;

/** About how many of a queue are held. @param ready how many it has. */
export function countHeld(
  db: Database,
  queue: string,
  pauses: readonly StoredPause[],
  ready: number,
): number {
  const held = heldNames(pauses);
  if (held === null) return 0;
  const groups = JSON.stringify(pauses.flatMap(({ id }) => [2 * id, 2 * id + 1]));
  const count = (sql: string, values: Record<string, string | number>) =>
    (db.query(sql).get({ queue, ...values }) as { count: number }).count;
  const inLine = count(IN_LINE, { held, limit: SAMPLED });
  const aside = count(ASIDE, { groups, limit: MOST_ASIDE });
  return Math.round(inLine * Math.max((ready - aside) / SAMPLED, 1)) + aside;
}

/** The first tasks of a queue: more are not looked at. */
const HEAD = 1_000;

const IS_ANY_OF = `
  SELECT 1
    FROM (SELECT ${HELD_BY} FROM tq__task
           WHERE state = 'ready' AND suspect = 0 AND queue = $queue
           LIMIT ${HEAD})
   WHERE ${IS_HELD}
   LIMIT 1`;

/** True where a task at the head of the queue is of the methods with this name or pattern. */
export function isAnyOf(db: Database, queue: string, name: string): boolean {
  const held = JSON.stringify([namesGlob(name)]);
  return db.query(IS_ANY_OF).get({ queue, held }) !== null;
}
