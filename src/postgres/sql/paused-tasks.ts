/** The ready tasks that a pause of their method holds: those set aside, and those that no claim has met yet. */
import type { PauseTarget } from "../../store/pauses.ts";
import type { Connection } from "../connection.ts";
import { isCallOf } from "./call.ts";
import { namesLike } from "./patterns.ts";

/** The condition that a pause of `heldNames` holds a row with `HELD_BY`. @param place that of the parameter */
export const isHeld = (place: string): string => isCallOf(`${place}::text[]`);

/** The columns that `isHeld` reads. */
export const HELD_BY = "model, method, instances";

/** The pauses of methods, as the parameter of `isHeld`; null where there is none. */
export function heldNames(pauses: readonly PauseTarget[]): string[] | null {
  const names = pauses.filter(({ kind }) => kind === "task").map(({ name }) => namesLike(name));
  return names.length === 0 ? null : names;
}

/** Tasks of the line that are looked at: the others are taken to be as these are. Each is read from a place of its own. */
const SAMPLED = 1_000;

const MOST_ASIDE = 50_000;

const HELD = `
  SELECT (SELECT count(*)::float8
            FROM (SELECT ${HELD_BY} FROM tq.task
                   WHERE state = 'ready' AND suspect = 0 AND queue = $1 LIMIT ${SAMPLED}) AS first
           WHERE ${isHeld("$2")}) AS in_line,
         (SELECT count(*)::float8
            FROM (SELECT FROM tq.task
                   WHERE state = 'ready' AND suspect > 0 AND suspect = ANY ($3::bigint[]) AND queue = $1
                   ORDER BY suspect LIMIT ${MOST_ASIDE}) AS chosen) AS aside`;

/** About how many of a queue are held. @param ready how many it has. */
export async function countHeld(
  db: Connection,
  queue: string,
  pauses: readonly (PauseTarget & { readonly id: number })[],
  ready: number,
): Promise<number> {
  const held = heldNames(pauses);
  if (held === null) return 0;
  const groups = pauses.flatMap(({ id }) => [2 * id, 2 * id + 1]);
  const row = await db.get<{ in_line: number; aside: number }>(HELD, [queue, held, groups]);
  const { in_line, aside } = row ?? { in_line: 0, aside: 0 };
  return Math.round(in_line * Math.max((ready - aside) / SAMPLED, 1)) + aside;
}

/** The first tasks of a queue: more are not looked at. */
const HEAD = 1_000;

const IS_ANY_OF = `
  SELECT EXISTS (
    SELECT FROM (SELECT ${HELD_BY} FROM tq.task
                  WHERE state = 'ready' AND suspect = 0 AND queue = $1 LIMIT ${HEAD}) AS first
     WHERE ${isHeld("$2")}) AS is_any`;

/** True where a task at the head of the queue is of the methods with this name or pattern. */
export async function isAnyOf(db: Connection, queue: string, name: string): Promise<boolean> {
  const row = await db.get<{ is_any: boolean }>(IS_ANY_OF, [queue, [namesLike(name)]]);
  return row?.is_any === true;
}
