/**
 * Sets ready tasks of paused methods aside, out of the index of ready tasks, and puts them back once their pause has
 * ended. The pause alone says what is paused: a paused task that no claim has met yet still stands in the line.
 */
import type { Database } from "bun:sqlite";
import { type Pausable, holds, isQueuePaused } from "../../store/pauses.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import { NO_INSTANCES } from "../../task.ts";
import type { StoredPause } from "./pauses.ts";

/** So many tasks are set aside, or put back, in one claim: some ms of the write lock. */
export const MOVED_AT_ONCE = 500;

/** A task of a line: what says whether a pause of its method holds it. */
interface Row extends Omit<Pausable, "instances"> {
  readonly id: number;
}

/** The pause of a method that holds a task; undefined: none does. */
export function methodPauseOf(
  pauses: readonly StoredPause[],
  task: Pausable,
): StoredPause | undefined {
  return pauses.find((pause) => pause.kind === "task" && holds(pause, task));
}

/** The first tasks of a queue, in its order. */
const HEAD = `
  SELECT id, queue, model, method, instances = '[]' AS isBare
    FROM tq__task
   WHERE state = 'ready' AND suspect = 0 AND queue = CAST(?1 AS TEXT)
   ORDER BY priority DESC, deadline, id
   LIMIT ${MOVED_AT_ONCE}`;

const SOME = [0]; // any instances, as only their absence matters

/** Sets those aside that are paused among the first tasks of a queue; returns how many. */
export function setHeadAside(
  db: Database,
  queue: string,
  pauses: readonly StoredPause[],
  most: number,
): number {
  if (most <= 0) return 0;
  const rows = db.query(HEAD).all(queue) as (Row & { readonly isBare: 0 | 1 })[];
  const held = rows.flatMap(({ isBare, ...row }) => {
    const pause = methodPauseOf(pauses, { ...row, instances: isBare ? NO_INSTANCES : SOME });
    return pause ? { id: row.id, pause: pause.id } : [];
  });
  const some = held.slice(0, most);
  for (const [pause, tasks] of Map.groupBy(some, (task) => task.pause)) setAside(db, pause, tasks);
  return some.length;
}

const SET_ASIDE = `
  UPDATE tq__task SET suspect = suspect + 2 * ?1
   WHERE id IN (SELECT value FROM json_each(?2)) AND suspect < 2`;

/** @param pause the id of the pause that holds these ready tasks. */
export function setAside(
  db: Database,
  pause: number,
  tasks: readonly { readonly id: number }[],
): void {
  db.query(SET_ASIDE).run(pause, `[${tasks.map(({ id }) => id).join()}]`);
}

const first = (column: "suspect" | "queue", where: string): string => `
           (SELECT ${column} FROM tq__task WHERE ${where} AND state = 'ready' AND suspect > 0 ORDER BY ${column} LIMIT 1)`;

/**
 * The values of a column, each found by the index. Not by min(): that reads all that follow. The range comes first: SQLite
 * searches by the first one of two, and the other only says which index.
 */
const distinct = (column: "suspect" | "queue", where: string, after: string): string => `
  WITH RECURSIVE found (value) AS (
    SELECT ${first(column, where)}
     UNION ALL
    SELECT ${first(column, after)}
      FROM found WHERE value IS NOT NULL)
  SELECT value FROM found WHERE value IS NOT NULL`;

/** The values of the column `suspect` of tasks that are set aside: few, two a pause at most. */
const GROUPS = distinct("suspect", "suspect >= 2", "suspect > found.value");

const QUEUES = distinct("queue", "suspect = ?1", "suspect = ?1 AND queue > found.value");

export function groupsAside(db: Database): number[] {
  return (db.query(GROUPS).values() as [number][]).map(([suspect]) => suspect);
}

interface Returning {
  readonly suspect: number;
  readonly queue: string;
}

/** The groups of tasks in these queues that are set aside, and whose pause has ended. */
function* returning(
  db: Database,
  patterns: readonly string[],
  pauses: readonly StoredPause[],
): Generator<Returning, void> {
  for (const suspect of groupsAside(db)) {
    if (pauses.some(({ id }) => id === suspect >> 1)) continue;
    for (const [queue] of db.query(QUEUES).values(suspect) as [string][]) {
      if (takesQueue(patterns, queue) && !isQueuePaused(pauses, queue)) yield { suspect, queue };
    }
  }
}

/** True where `putBack` finds a task. */
export function hasReturning(
  db: Database,
  patterns: readonly string[],
  pauses: readonly StoredPause[],
): boolean {
  return !returning(db, patterns, pauses).next().done;
}

const PUT_BACK = `
  UPDATE tq__task SET suspect = suspect & 1
   WHERE id IN (SELECT id FROM tq__task
                 WHERE state = 'ready' AND suspect > 0 AND suspect = ?1 AND queue = CAST(?2 AS TEXT)
                 ORDER BY priority DESC, deadline, id
                 LIMIT CAST(?3 AS INTEGER))`;

/** Puts tasks of these queues back whose pause has ended: of each queue the first ones. */
export function putBack(
  db: Database,
  patterns: readonly string[],
  pauses: readonly StoredPause[],
): void {
  const groups = [...returning(db, patterns, pauses)];
  const share = Math.ceil(MOVED_AT_ONCE / Math.max(groups.length, 1));
  for (const { suspect, queue } of groups.slice(0, MOVED_AT_ONCE)) {
    db.query(PUT_BACK).run(suspect, queue, share);
  }
}
