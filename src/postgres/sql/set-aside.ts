/**
 * Sets ready tasks of paused methods aside, out of the index of ready tasks, and puts them back once their pause has
 * ended. The pause alone says what is paused: a paused task that no claim has met yet still stands in the line.
 */
import { holds, isQueuePaused, type Pausable } from "../../store/pauses.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import { NO_INSTANCES } from "../../task.ts";
import type { Connection } from "../connection.ts";
import type { StoredPause } from "./pauses.ts";
import { elements, unseen } from "./planned.ts";
import { IN_LINE } from "./queues.ts";

/** So many tasks are set aside, or put back, in one claim: some ms. */
export const MOVED_AT_ONCE = 500;

/** A task of a line: what says whether a pause of its method holds it. */
export interface LineRow extends Omit<Pausable, "instances"> {
  readonly id: number;
  readonly isBare: boolean;
}

/** The columns of a LineRow. */
export const LINE_COLUMNS = `task.id::float8 AS id, queue, model, method, instances = '[]' AS "isBare"`;

/** The pause of a method that holds a task; undefined: none does. */
export function methodPauseOf(
  pauses: readonly StoredPause[],
  { isBare, ...row }: LineRow,
): StoredPause | undefined {
  const task = { ...row, instances: isBare ? NO_INSTANCES : SOME };
  return pauses.find((pause) => pause.kind === "task" && holds(pause, task));
}

const SOME = [0]; // any instances, as only their absence matters

/** The first tasks of a queue, in its order. */
const HEAD = `
  SELECT ${LINE_COLUMNS}
    FROM tq.task
   WHERE ${IN_LINE} AND queue = $1
   ORDER BY -priority, deadline, task.id
   LIMIT ${unseen(String(MOVED_AT_ONCE))}
     FOR NO KEY UPDATE SKIP LOCKED`;

/** Sets those aside that are paused among the first tasks of a queue; returns how many. */
export async function setHeadAside(
  db: Connection,
  queue: string,
  pauses: readonly StoredPause[],
  most: number,
): Promise<number> {
  if (most <= 0) return 0;
  const rows = await db.all<LineRow>(HEAD, [queue]);
  return setAside(db, rows, pauses, most);
}

const SET_ASIDE = `
  UPDATE tq.task SET suspect = suspect + 2 * $1::bigint
   WHERE id = ANY (${elements("$2::bigint[]")}) AND state = 'ready' AND suspect < 2`;

/** Sets up to `most` of these ready tasks aside, which are locked; returns how many. */
export async function setAside(
  db: Connection,
  rows: readonly LineRow[],
  pauses: readonly StoredPause[],
  most: number,
): Promise<number> {
  const held = rows.flatMap((row) => {
    const pause = methodPauseOf(pauses, row);
    return pause ? { id: row.id, pause: pause.id } : [];
  });
  const some = held.slice(0, most);
  for (const [pause, tasks] of Map.groupBy(some, (task) => task.pause)) {
    await db.run(SET_ASIDE, [pause, tasks.map(({ id }) => id)]);
  }
  return some.length;
}

/** Groups of tasks that are set aside: few, two a pause at most, in some queues each. Each is found by the index. */
const GROUPS = `
  WITH RECURSIVE found (suspect, queue) AS (
    (SELECT suspect, queue FROM tq.task
      WHERE state = 'ready' AND suspect > 0 AND suspect >= 2
      ORDER BY suspect, queue LIMIT 1)
     UNION ALL
    SELECT next.suspect, next.queue
      FROM found CROSS JOIN LATERAL
           (SELECT suspect, queue FROM tq.task
             WHERE state = 'ready' AND suspect > 0 AND (suspect, queue) > (found.suspect, found.queue)
             ORDER BY suspect, queue LIMIT 1) AS next)
  SELECT suspect::float8 AS suspect, queue FROM found`;

interface Group {
  /** The id p of a pause, as 2p, or 2p + 1 for suspects. */
  readonly suspect: number;
  readonly queue: string;
}

/** The groups of tasks in these queues that are set aside, and whose pause has ended. */
export async function returning(
  db: Connection,
  patterns: readonly string[],
  pauses: readonly StoredPause[],
): Promise<Group[]> {
  const groups = await db.all<Group>(GROUPS);
  return groups.filter(
    ({ suspect, queue }) =>
      !pauses.some(({ id }) => id === Math.floor(suspect / 2)) &&
      takesQueue(patterns, queue) &&
      !isQueuePaused(pauses, queue),
  );
}

const PUT_BACK = `
  UPDATE tq.task SET suspect = suspect & 1
   WHERE id = ANY (ARRAY(
     SELECT first.id
       FROM unnest(${unseen("$1::bigint[]")}, ${unseen("$2::text[]")}) AS given (suspect, queue) CROSS JOIN LATERAL
            (SELECT id FROM tq.task
              WHERE state = 'ready' AND suspect > 0 AND suspect = given.suspect AND queue = given.queue
              ORDER BY -priority, deadline, id
              LIMIT ${unseen("$3::bigint")}
                FOR NO KEY UPDATE SKIP LOCKED) AS first))`;

/** Puts tasks of these queues back whose pause has ended: of each queue the first ones. */
export async function putBack(
  db: Connection,
  patterns: readonly string[],
  pauses: readonly StoredPause[],
): Promise<void> {
  const groups = (await returning(db, patterns, pauses)).slice(0, MOVED_AT_ONCE);
  if (groups.length === 0) return;
  const share = Math.ceil(MOVED_AT_ONCE / groups.length);
  const values = [groups.map(({ suspect }) => suspect), groups.map(({ queue }) => queue), share];
  await db.run(PUT_BACK, values);
}
