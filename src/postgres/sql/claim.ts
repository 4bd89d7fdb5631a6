/** Claims tasks for a thread. */
import { monotonicNow } from "../../clock.ts";
import { isQueuePaused } from "../../store/pauses.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import type { ClaimOptions } from "../../store/session.ts";
import type { ClaimedTask } from "../../task.ts";
import type { Connection, SqlValue } from "../connection.ts";
import { SUSPECT_LOCKS } from "../locks.ts";
import type { Marks, Start } from "../marks.ts";
import { isDue, makeDueReady } from "./due.ts";
import {
  firstFromMarks,
  firstOfMany,
  firstOfMatching,
  firstOfNames,
  firstSuspectOf,
} from "./first-ready.ts";
import { endPauses, IS_ANY_HELD, type StoredPause } from "./pauses.ts";
import { elements } from "./planned.ts";
import { settingRunning } from "./set-running.ts";
import { areNames, likes, readyQueues, suspectQueues } from "./queues.ts";
import {
  LINE_COLUMNS,
  type LineRow,
  methodPauseOf,
  MOVED_AT_ONCE,
  putBack,
  setAside,
  setHeadAside,
} from "./set-aside.ts";

/** A list of ids and not a join: the planner then takes the primary key whatever it knows of the table. */
const oneOf = (chosen: string): string => `id = ANY (ARRAY(SELECT id FROM (${chosen}) AS chosen))`;

/** True where a claim need only take the first ready tasks: the usual case, in one statement. $5: where to look for due ones. */
const NOTHING_ELSE = `NOT (${isDue("$3", "$5")} OR ${IS_ANY_HELD})`;

/**
 * True, and the commit of the statement waits for no flush of the server's disk: a claim that a crash of the server loses is a
 * task that is ready still, and what its run has done is undone.
 */
const UNFLUSHED = "(SELECT set_config('synchronous_commit', 'off', true) = 'off')";

const usually = (first: string) => {
  const claiming = `(SELECT ${NOTHING_ELSE}) AND ${oneOf(first)}`;
  return {
    inTransaction: settingRunning(claiming),
    alone: settingRunning(`${UNFLUSHED} AND ${claiming}`),
  };
};

const CLAIM_NAMES = usually(firstFromMarks("$4", "$6", ["$7", "$8", "$9"]));
const CLAIM_MANY = usually(firstOfMany("$4", "$6", ["$7", "$8", "$9"]));
const CLAIM_MATCHING = usually(firstOfMatching("$4", "$6"));

/** The head of a queue, as a mark: lower than any other. */
const HEAD = { priority: Number.MAX_SAFE_INTEGER, deadline: -Number.MAX_SAFE_INTEGER, id: 0 };

/**
 * Makes due tasks ready, then claims the first `limit` ready ones that are not paused. A suspect comes first, and is a
 * claim of its own.
 */
export async function claim(
  db: Connection,
  options: ClaimOptions,
  now: number,
  marks: Marks,
): Promise<ClaimedTask[]> {
  const claimed = await claimUsually(db, options, now, marks, "inTransaction");
  return claimed.length > 0 ? claimed : claimWithCare(db, options, await moreToDo(db, now), now);
}

/**
 * Claims the first ready tasks with one statement, which it sends before it awaits anything. It takes none where there is
 * more to do: tasks that are due, suspects, pauses; and it may pass over tasks that were pushed before a mark.
 *
 * @param how "alone": the statement is a transaction of its own.
 */
export async function claimUsually(
  db: Connection,
  { owner, queues, limit }: ClaimOptions,
  now: number,
  marks: Marks,
  how: "alone" | "inTransaction",
): Promise<ClaimedTask[]> {
  const start = marks.start(monotonicNow());
  const own = [owner.worker, owner.thread, now, limit, start.dueFrom];
  const names = areNames(queues) ? [...new Set(queues)] : marks.names(queues, start);
  if (names === null && marks.isBusy) lookUpNames(db, marks);
  const rows = await (names === null
    ? db.all<ClaimedTask>(CLAIM_MATCHING[how], [...own, likes(queues)])
    : db.all<ClaimedTask>((names.length > limit ? CLAIM_MANY : CLAIM_NAMES)[how], [
        ...own,
        ...markValues(names, marks, start),
      ]));
  const claimed = inOrder(rows);
  marks.took(claimed, claimed.length === limit, start, now, monotonicNow());
  return claimed;
}

function markValues(names: readonly string[], marks: Marks, start: Start): SqlValue[] {
  const from = names.map((name) => marks.of(name, start) ?? HEAD);
  return [
    names,
    from.map(({ priority }) => priority),
    from.map(({ deadline }) => deadline),
    from.map(({ id }) => id),
  ];
}

/** Looks up the queues for later claims: the answer comes with that of this claim. */
function lookUpNames(db: Connection, marks: Marks): void {
  readyQueues(db).then(
    (names) => marks.keepNames(names),
    () => {}, // the claim meets the same error
  );
}

/** In their order, as RETURNING has none. */
export function inOrder(rows: ClaimedTask[]): ClaimedTask[] {
  return rows.sort((a, b) => b.priority - a.priority || a.deadline - b.deadline || a.id - b.id);
}

const IS_MORE_TO_DO = `
  SELECT ${isDue("$1")} AS due,
         ${IS_ANY_HELD} AS held`;

const CLAIM_FIRST = settingRunning(oneOf(firstOfMatching("$4", "$5")));
const CLAIM_FIRST_OF_NAMES = settingRunning(oneOf(firstOfNames("$4", "$5")));

/** The reasons for which `claimUsually` takes no task though there may be some. */
interface MoreToDo {
  readonly due: boolean;
  /** There are suspects, or pauses. */
  readonly held: boolean;
}

export async function moreToDo(db: Connection, now: number): Promise<MoreToDo> {
  return (await db.get<MoreToDo>(IS_MORE_TO_DO, [now])) ?? { due: false, held: false };
}

/** Claims where `claimUsually` has found nothing. Call it in a transaction: the claim of a suspect needs that. */
export async function claimWithCare(
  db: Connection,
  options: ClaimOptions,
  { due, held }: MoreToDo,
  now: number,
): Promise<ClaimedTask[]> {
  if (due) await makeDueReady(db, now);
  if (!held) return claimFirst(db, options, now);
  const pauses = await endPauses(db, now);
  await putBack(db, options.queues, pauses);
  return claimUnpaused(db, options, pauses, now);
}

async function claimFirst(
  db: Connection,
  { owner, queues, limit }: ClaimOptions,
  now: number,
): Promise<ClaimedTask[]> {
  const own = [owner.worker, owner.thread, now, limit];
  const rows = await (areNames(queues)
    ? db.all<ClaimedTask>(CLAIM_FIRST_OF_NAMES, [...own, [...new Set(queues)]])
    : db.all<ClaimedTask>(CLAIM_FIRST, [...own, likes(queues)]));
  return inOrder(rows);
}

export const CLAIM_THESE = settingRunning(`id = ANY (${elements("$4::bigint[]")})`);

/** The first tasks that no pause holds. Those that it meets before them, it sets aside. */
async function claimUnpaused(
  db: Connection,
  options: ClaimOptions,
  pauses: readonly StoredPause[],
  now: number,
): Promise<ClaimedTask[]> {
  for (let left = MOVED_AT_ONCE; ;) {
    const first = await suspectOrFirst(db, options, pauses);
    const paused = first.filter((task) => methodPauseOf(pauses, task));
    if (paused.length > 0) left -= await setThoseAside(db, paused, pauses, left);
    // The next claim goes on: a queue of a million paused tasks must not take seconds.
    if (paused.length > 0 && left > 0) continue;
    const ids = first.filter((task) => !paused.includes(task)).map(({ id }) => id);
    if (ids.length === 0) return [];
    const { worker, thread } = options.owner;
    return inOrder(await db.all<ClaimedTask>(CLAIM_THESE, [worker, thread, now, ids]));
  }
}

/** A task that is to be claimed, and is locked. */
interface FirstRow extends LineRow {
  readonly isSuspect: boolean;
}

/** Sets these aside, then, up to `most` in all, those that stand behind them. */
async function setThoseAside(
  db: Connection,
  tasks: readonly FirstRow[],
  pauses: readonly StoredPause[],
  most: number,
): Promise<number> {
  await setAside(db, tasks, pauses, tasks.length);
  const queues = new Set(tasks.filter(({ isSuspect }) => !isSuspect).map(({ queue }) => queue));
  let count = tasks.length;
  for (const queue of queues) count += await setHeadAside(db, queue, pauses, most - count);
  return count;
}

const reading = (first: string): string => `
  SELECT ${LINE_COLUMNS}, suspect > 0 AS "isSuspect"
    FROM (${first}) AS chosen JOIN tq.task AS task USING (id)
   ORDER BY nth`;

const FIRST_OF_NAMES = reading(firstOfNames("$1", "$2"));
const FIRST_SUSPECT = reading(firstSuspectOf("$1"));

/** One thread of a worker at a time claims a suspect: it could not see that another one is about to. */
const MAY_CLAIM_SUSPECT = `
  SELECT pg_try_advisory_xact_lock(${SUSPECT_LOCKS}, hashtext($1)) AS may`;

const RUNNING_SUSPECT = `
  SELECT id::float8 AS id FROM tq.task WHERE state = 'running' AND worker = $1 AND begun
   ORDER BY worker, thread LIMIT 1`;

/** Only the claim of a suspect sets `begun`: it counts as begun once its claim is committed. */
export async function runningSuspect(db: Connection, worker: string): Promise<number | null> {
  return (await db.get<{ id: number }>(RUNNING_SUSPECT, [worker]))?.id ?? null;
}

/**
 * A suspect alone, or the first ready tasks. A worker runs one suspect at a time, beside ordinary tasks of its other
 * threads: if it dies, the suspect did it.
 */
async function suspectOrFirst(
  db: Connection,
  { owner, queues, limit }: ClaimOptions,
  pauses: readonly StoredPause[],
): Promise<FirstRow[]> {
  const isWanted = (name: string) => takesQueue(queues, name) && !isQueuePaused(pauses, name);
  const withSuspects = (await suspectQueues(db)).filter(isWanted);
  if (withSuspects.length > 0 && (await mayClaimSuspect(db, owner.worker))) {
    const suspect = await db.all<FirstRow>(FIRST_SUSPECT, [withSuspects]);
    if (suspect.length > 0) return suspect;
  }
  const names = (await readyQueues(db)).filter(isWanted);
  return names.length === 0 ? [] : db.all(FIRST_OF_NAMES, [limit, names]);
}

async function mayClaimSuspect(db: Connection, worker: string): Promise<boolean> {
  const lock = await db.get<{ may: boolean }>(MAY_CLAIM_SUSPECT, [worker]);
  return lock?.may === true && (await runningSuspect(db, worker)) === null;
}
