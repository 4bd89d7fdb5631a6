/** Reads what a task is doing, or why it does not run: by the conditions of the claims themselves. */
import { isStopped, isWorker } from "../../store/live-workers.ts";
import type { WorkerStatus } from "../../store/looking.ts";
import { isQueuePaused, pausesOf, type PauseTarget } from "../../store/pauses.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import type { Place, PresentRun, Situation, WantedTask } from "../../store/situation.ts";
import { parseOutput } from "../../store/task-output.ts";
import type { Task } from "../../task.ts";
import type { Connection } from "../connection.ts";
import { lockerOfRow, lockerOfRun } from "./lockers.ts";
import { getTask, getTaskByRef } from "./looking.ts";
import { endedPauses, shownPauses } from "./pauses.ts";
import { endedRate } from "./rates.ts";
import { IN_LINE, readyQueues, SUSPECT, suspectQueues } from "./queues.ts";
import { resumedAt } from "./resumed.ts";
import { workerStatuses } from "./worker-statuses.ts";

interface HiddenRow {
  readonly suspect: boolean;
  readonly postponed_at: number | null;
  readonly deadline: number;
  readonly thread: number | null;
  readonly claim: number;
}

const HIDDEN = `
  SELECT suspect & 1 = 1 AS suspect, postponed_at::float8 AS postponed_at, deadline::float8 AS deadline, thread, claim
    FROM tq.task WHERE id = $1::bigint`;

const LAST_RUN = `
  SELECT number, outcome, ended_at::float8 AS ended_at
    FROM tq.attempt WHERE task = $1::bigint ORDER BY number DESC LIMIT 1`;

/** Reads how the task stands; null: there is no such task. */
export async function readSituation(
  db: Connection,
  wanted: WantedTask,
  now: number,
): Promise<Situation | null> {
  const finding = "id" in wanted ? getTask(db, wanted.id, now) : getTaskByRef(db, wanted.ref, now);
  const task = await finding;
  if (!task) return null;
  const [row, workers, lastRun, all] = await Promise.all([
    db.get<HiddenRow>(HIDDEN, [task.id]),
    workerStatuses(db),
    db.get<NonNullable<Situation["lastRun"]>>(LAST_RUN, [task.id]),
    shownPauses(db, now),
  ]);
  if (!row) return null;
  const takers = workers.filter((one) => one.alive && isWorker(one) && takes(one, task));
  const facts = { now, task, suspect: row.suspect, putOff: row.postponed_at !== null };
  const stopped = workers.filter(isStopped).map(({ id }) => id);
  const run = await presentRun(db, task, row);
  const mayRun = task.state === "ready" || (task.state === "scheduled" && isDue(task, now));
  const since = Math.max(task.enqueued_at, task.scheduled_at ?? 0, lastRun?.ended_at ?? 0);
  const place =
    mayRun && takers.length > 0
      ? await placeOf(db, { ...task, ...row }, takers, { now, since, pauses: all })
      : null;
  const locker = mayRun
    ? await lockerOfRow(db, task.id)
    : run && (await lockerOfRun(db, run.worker, run.thread));
  return { ...facts, lastRun, workers, stopped, run, place, locker, pauses: pausesOf(all, task) };
}

function takes({ queues }: WorkerStatus, { queue }: Task): boolean {
  return takesQueue(queues, queue);
}

function isDue({ scheduled_at: at }: Task, now: number): boolean {
  return at !== null && at <= now;
}

const HELD_WITH = `
  SELECT greatest(count(*) - 1, 0)::float8 AS others,
         (SELECT text FROM tq.live_outputs() WHERE worker = $1 AND thread = $2 AND task = $3::bigint AND claim = $4) AS text
    FROM tq.task WHERE state = 'running' AND worker = $1 AND thread = $2`;

async function presentRun(
  db: Connection,
  { id, state, worker, attempts }: Task,
  { thread, claim }: HiddenRow,
): Promise<PresentRun | null> {
  if (state !== "running" || worker === null || thread === null) return null;
  const values = [worker, thread, id, claim];
  const row = await db.get<{ others: number; text: string | null }>(HELD_WITH, values);
  const { others, text } = row ?? { others: 0, text: null };
  const said = text === null ? null : parseOutput(attempts + 1, text);
  const [progress, lastLine] = [said?.progress ?? null, said?.lines.at(-1) ?? null];
  return { worker, thread, others, isHeard: said !== null, progress, lastLine };
}

type Placed = Pick<Task, "id" | "queue" | "priority"> & Pick<HiddenRow, "deadline" | "suspect">;

interface Waited {
  readonly now: number;
  /** Since then the task could have begun. */
  readonly since: number;
  readonly pauses: readonly PauseTarget[];
}

async function placeOf(
  db: Connection,
  task: Placed,
  takers: readonly WorkerStatus[],
  waited: Waited,
): Promise<Place> {
  const lists = new Map(takers.map(({ queues }) => [JSON.stringify(queues), queues]));
  const counts: (Ahead & { readonly queues: readonly string[] })[] = [];
  for (const queues of lists.values()) {
    counts.push({ queues, ...(await countAhead(db, task, queues, waited.pauses)) });
  }
  const [best = { queues: [], ahead: 0, isAll: true }] = counts.toSorted(
    (a, b) => a.ahead - b.ahead,
  );
  const { queues, ...ahead } = best;
  const firstStart = Math.min(...takers.map(({ started_at: at }) => at));
  const resumed = await resumedAt(db, task.queue, await endedPauses(db, waited.now));
  const since = Math.max(waited.since, firstStart, resumed);
  const takesIt = (queue: string): boolean => takesQueue(queues, queue);
  const rate = ahead.ahead === 0 ? NONE_ENDED : await endedRate(db, takesIt, { ...waited, since });
  const { ended, within: endedWithin } = rate;
  return { ...ahead, ended, endedWithin, ...(await busyThreads(db, takers)) };
}

type Ahead = Pick<Place, "ahead" | "isAll">;

/** Tasks before another one are counted up to this number: some 20 ms. */
const MOST_AHEAD = 100_000;

/** More queues than these are not looked at. */
const MOST_QUEUES = 10_000;

/** The order of a claim: by priority, deadline and id, a range of the index of each queue. */
const countBeforeIt = (where: string): string => `
  SELECT count(*)::float8 AS count
    FROM (SELECT before.one
            FROM unnest($1::text[]) AS these (queue) CROSS JOIN LATERAL
                 (SELECT 1 AS one FROM tq.task
                   WHERE ${where} AND task.queue = these.queue
                     AND (-priority, deadline, id) < (-($2::bigint), $3::bigint, $4::bigint)
                   LIMIT ${MOST_AHEAD + 1}) AS before
           LIMIT ${MOST_AHEAD + 1}) AS chosen`;

const BEFORE_IT = countBeforeIt(IN_LINE);
const SUSPECTS_BEFORE_IT = countBeforeIt(SUSPECT);

async function countAhead(
  db: Connection,
  { id, priority, deadline, suspect }: Placed,
  queues: readonly string[],
  pauses: readonly PauseTarget[],
): Promise<Ahead> {
  const [statement, names] = suspect
    ? [SUSPECTS_BEFORE_IT, await suspectQueues(db)]
    : [BEFORE_IT, await readyQueues(db, MOST_QUEUES)];
  const taken = names.filter((name) => takesQueue(queues, name) && !isQueuePaused(pauses, name));
  const row = await db.get<{ count: number }>(statement, [taken, priority, deadline, id]);
  const count = row?.count ?? 0;
  return { ahead: Math.min(count, MOST_AHEAD), isAll: count <= MOST_AHEAD };
}

const NONE_ENDED = { ended: 0, within: 0 };

/**
 * Reads of each of these workers how many threads hold tasks, the run that began first, and the suspect that runs: only
 * the claim of a suspect sets `begun`.
 */
const BUSY = `
  SELECT worker, count(DISTINCT thread)::float8 AS busy,
         ((array_agg(id ORDER BY dequeued_at, id))[1])::float8 AS longest, min(dequeued_at)::float8 AS dequeued_at,
         (min(id) FILTER (WHERE begun))::float8 AS suspect
    FROM tq.task WHERE state = 'running' AND worker = ANY ($1::text[])
   GROUP BY worker ORDER BY worker`;

interface BusyRow {
  readonly busy: number;
  readonly longest: number;
  readonly dequeued_at: number | null;
  readonly suspect: number | null;
}

async function busyThreads(
  db: Connection,
  takers: readonly WorkerStatus[],
): Promise<Pick<Place, "threads" | "busy" | "longest" | "suspects">> {
  const rows = await db.all<BusyRow>(BUSY, [takers.map(({ id }) => id)]);
  let longest: Place["longest"] = null;
  for (const { longest: id, dequeued_at } of rows) {
    if (dequeued_at === null) continue;
    if (!longest || dequeued_at < longest.dequeued_at) longest = { id, dequeued_at };
  }
  const suspects = rows.flatMap(({ suspect }) => suspect ?? []);
  return {
    threads: takers.reduce((sum, { threads }) => sum + threads, 0),
    busy: rows.reduce((sum, { busy }) => sum + busy, 0),
    longest,
    suspects: suspects.length < takers.length ? [] : suspects,
  };
}
