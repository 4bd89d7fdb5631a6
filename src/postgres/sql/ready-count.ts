/** Counts the tasks that a claim would take, for threads that are idle. It counts by the conditions of the claim. */
import type { Look, LookOptions } from "../../store/looking.ts";
import { isQueuePaused } from "../../store/pauses.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import type { ClaimOptions } from "../../store/session.ts";
import type { Connection, SqlValue } from "../connection.ts";
import { runningSuspect } from "./claim.ts";
import { CRON_VERSION } from "./cron-rows.ts";
import { IS_ANY_HELD, pausesInForce, type StoredPause } from "./pauses.ts";
import { IS_RAISED } from "../schema-version.ts";
import { COUNTS_VERSION } from "./kept-counts.ts";
import { isThere, unseen } from "./planned.ts";
import { areNames, IN_LINE, likes, matchingNames, readyQueues, suspectQueues } from "./queues.ts";
import { LIFELESS } from "./rescue.ts";
import { returning } from "./set-aside.ts";
import { IS_ANY_END } from "./webhooks.ts";

interface ReadyCount {
  readonly ready: number;
  /** When the next pause ends by itself; null: none does. */
  readonly pauseEnds: number | null;
}

interface ReadyOptions {
  readonly queues: readonly string[];
  /** Tasks are counted up to this number. */
  readonly limit: number;
  /** The worker that would claim; null: one that runs no suspect. */
  readonly worker: string | null;
}

/** Of each of the queues up to the limit, by the index, and no more in all. */
const countInLine = (limit: string, wanted: string): string => `
  (SELECT count(*)
     FROM (SELECT FROM ${wanted} CROSS JOIN LATERAL
                  (SELECT FROM tq.task WHERE ${IN_LINE} AND queue = wanted.queue
                    ORDER BY -priority, deadline, id LIMIT ${unseen(limit)}) AS first
            LIMIT ${limit}) AS ready)::integer`;

const ofNames = (names: string): string =>
  `unnest(${unseen(`${names}::text[]`)}) AS wanted (queue)`;
const ofMatching = (patterns: string): string => `(${matchingNames(patterns)}) AS wanted`;

const COUNT_OF_NAMES = `SELECT ${countInLine("$1", ofNames("$2"))} AS ready`;

async function countOf(db: Connection, names: readonly string[], limit: number): Promise<number> {
  if (names.length === 0 || limit <= 0) return 0;
  return (await db.get<{ ready: number }>(COUNT_OF_NAMES, [limit, names]))?.ready ?? 0;
}

/**
 * Counts the ready tasks of these queues where some are held. All suspects count as one, and as none for a worker that
 * runs one: it cannot claim another until that has ended. Tasks of a paused method count until a claim has set them aside.
 */
async function countUnheld(
  db: Connection,
  { queues, limit, worker }: ReadyOptions,
  now: number,
): Promise<ReadyCount> {
  const pauses = await pausesInForce(db, now);
  const isWanted = (name: string) => takesQueue(queues, name) && !isQueuePaused(pauses, name);
  const hasSuspect = (await suspectQueues(db)).some(isWanted);
  const maySuspect =
    hasSuspect && !(worker !== null && (await runningSuspect(db, worker)) !== null);
  const isReturning = (await returning(db, queues, pauses)).length > 0;
  const beside = (maySuspect ? 1 : 0) + (isReturning ? 1 : 0);
  const names = beside < limit ? (await readyQueues(db)).filter(isWanted) : [];
  const ready = beside + (await countOf(db, names, limit - beside));
  return { ready: Math.min(ready, limit), pauseEnds: nextEnd(pauses) };
}

function nextEnd(pauses: readonly StoredPause[]): number | null {
  const ends = pauses.flatMap(({ until }) => until ?? []);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Each of the two is a range of the index, which the inequality is not. */
const OTHERS_HOLD = `(
         ${isThere("state = 'running' AND worker < $2", "worker, thread")}
         OR ${isThere("state = 'running' AND worker > $2", "worker, thread")})`;

/** Parameters: $1 the time, $2 the worker, $3 the limit, $4 the names or patterns, $5 whether the counts are asked for. */
const looking = (wanted: string, more = ""): string => `
  SELECT (SELECT scheduled_at FROM tq.task WHERE state = 'scheduled' ORDER BY scheduled_at, id LIMIT 1)::float8 AS due,
         ${OTHERS_HOLD} AS "othersHoldTasks",
         $3::integer > 0 AND ${IS_ANY_HELD} AS "isAnyHeld",
         ${IS_ANY_END} AS "isAnyEnd",
         ${countInLine("$3", wanted)} AS ready${more}`;

const SIGNS = `,
         ${CRON_VERSION} AS "cronVersion",
         EXISTS (${LIFELESS}) AS "isAnyLifeless",
         ${IS_RAISED} AS "isRaised",
         CASE WHEN $5::boolean THEN ${COUNTS_VERSION} END AS "countsVersion",
         extract(epoch FROM clock_timestamp())::float8 * 1000 AS "serverTime"`;

const LOOK_AT_NAMES = looking(ofNames("$4"));
const LOOK_AT_MATCHING = looking(ofMatching("$4"));
const SEE_ALL_OF_NAMES = looking(ofNames("$4"), SIGNS);
const SEE_ALL_OF_MATCHING = looking(ofMatching("$4"), SIGNS);

interface LookRow extends Omit<Look, "pauseEnds"> {
  readonly isAnyHeld: boolean;
  readonly isAnyEnd: boolean;
}

/** Facts that a worker must know besides. */
export interface Signs {
  readonly cronVersion: string;
  readonly isAnyLifeless: boolean;
  /** A newer tq has brought the schema to a version with which this one cannot go on. */
  readonly isRaised: boolean;
  /** Null too where it was not asked for. */
  readonly countsVersion: number | null;
  readonly serverTime: number;
}

/** A look, and what else its statement tells. */
export interface Seen {
  readonly look: Look;
  /** A webhook may have an end to tell. */
  readonly isAnyEnd: boolean;
}

/** Reads all that a worker's main thread needs when it looks for tasks: with one statement while nothing is held. */
export async function look(db: Connection, options: LookOptions, now: number): Promise<Look> {
  return (await see(db, options, now)).look;
}

export async function see(db: Connection, options: LookOptions, now: number): Promise<Seen> {
  const text = areNames(options.queues) ? LOOK_AT_NAMES : LOOK_AT_MATCHING;
  const { isAnyEnd, ...seen } = await lookWith<LookRow>(text, db, options, now);
  return { look: seen, isAnyEnd };
}

/** The same, and what a worker must know besides. @param withCounts asks for the version of the counts, too. */
export async function seeAll(
  db: Connection,
  options: LookOptions,
  now: number,
  withCounts: boolean,
): Promise<Seen & { readonly signs: Signs }> {
  const text = areNames(options.queues) ? SEE_ALL_OF_NAMES : SEE_ALL_OF_MATCHING;
  const all = await lookWith<LookRow & Signs>(text, db, options, now, [withCounts]);
  const { cronVersion, isAnyLifeless, isRaised, countsVersion, serverTime, isAnyEnd, ...seen } =
    all;
  const signs = { cronVersion, isAnyLifeless, isRaised, countsVersion, serverTime };
  return { look: seen, isAnyEnd, signs };
}

async function lookWith<Row extends LookRow>(
  text: string,
  db: Connection,
  options: LookOptions,
  now: number,
  more: readonly SqlValue[] = [],
): Promise<Omit<Row, "isAnyHeld"> & Look> {
  const { queues, limit, worker } = options;
  const wanted = areNames(queues) ? [...new Set(queues)] : likes(queues);
  const row = (await db.get<Row>(text, [now, worker, limit, wanted, ...more])) as Row;
  const { isAnyHeld, ...seen } = row;
  if (!isAnyHeld) return { ...seen, pauseEnds: null };
  return { ...seen, ...(await countUnheld(db, options, now)) };
}

/** True when a claim for these queues may find a task. */
export async function hasClaimable(
  db: Connection,
  { queues, owner }: ClaimOptions,
  now: number,
): Promise<boolean> {
  const { due, ready } = await look(db, { queues, limit: 1, worker: owner.worker }, now);
  return ready > 0 || (due !== null && due <= now);
}

const ALL = {
  running: "SELECT DISTINCT queue FROM tq.task WHERE state = 'running'",
  scheduled: "SELECT DISTINCT queue FROM tq.task WHERE state = 'scheduled'",
};

const ANY = {
  running: "SELECT queue FROM tq.task WHERE state = 'running' ORDER BY worker, thread LIMIT 1",
  scheduled:
    "SELECT queue FROM tq.task WHERE state = 'scheduled' ORDER BY scheduled_at, id LIMIT 1",
};

/**
 * True while these queues have a task that is ready or running, or scheduled where `scheduled` is true; those that a
 * pause holds do not count.
 */
export async function hasWork(
  db: Connection,
  queues: readonly string[],
  scheduled: boolean,
  now: number,
): Promise<boolean> {
  const { ready } = await look(db, { queues, limit: 1, worker: "" }, now);
  if (ready > 0) return true;
  if (await hasQueueIn(db, "running", queues, [])) return true;
  return scheduled && hasQueueIn(db, "scheduled", queues, await pausesInForce(db, now));
}

async function hasQueueIn(
  db: Connection,
  state: keyof typeof ALL,
  queues: readonly string[],
  pauses: readonly StoredPause[],
): Promise<boolean> {
  const isAny = queues.length === 0 && !pauses.some(({ kind }) => kind === "queue");
  const text = isAny ? ANY[state] : ALL[state]; // any queue will do, or all are needed
  const rows = await db.all<{ queue: string }>(text);
  return rows.some(({ queue }) => takesQueue(queues, queue) && !isQueuePaused(pauses, queue));
}
