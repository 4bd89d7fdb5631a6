/** Reads what a task is doing, or why it does not run: by the conditions of the claims themselves. */
import type { Database } from "bun:sqlite";
import { isStopped, isWorker } from "../../store/live-workers.ts";
import type { WorkerInfo, WorkerStatus } from "../../store/looking.ts";
import { isQueuePaused, pausesOf, type PauseTarget } from "../../store/pauses.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import type { Owner } from "../../store/session.ts";
import type { Place, PresentRun, Situation, WantedTask } from "../../store/situation.ts";
import { parseOutput } from "../../store/task-output.ts";
import type { Task } from "../../task.ts";
import type { Shown } from "../file/live-output.ts";
import { endedRate } from "./rates.ts";
import { runningSuspect } from "./claim.ts";
import { getTask, getTaskByRef, listWorkers } from "./looking.ts";
import { endedPauses, shownPauses } from "./pauses.ts";
import { resumedAt } from "./resumed.ts";
import {
  candidates,
  type IsSuspect,
  matchQueues,
  NO_SUSPECT,
  SUSPECT,
  suspectQueues,
} from "./queues.ts";

/** Facts that only the files beside the database tell. */
export interface Surroundings {
  readonly workers: (all: readonly WorkerInfo[]) => WorkerStatus[];
  readonly shown: (owner: Owner) => Shown | null;
  /** Why the disk takes no writes; null, or left out: it takes them. */
  readonly blocked?: string | null;
}

interface HiddenRow {
  readonly suspect: 0 | 1;
  readonly postponed_at: number | null;
  readonly deadline: number;
  readonly thread: number | null;
}

const HIDDEN = `SELECT suspect & 1 AS suspect, postponed_at, deadline, thread FROM tq__task WHERE id = $id`;

const LAST_RUN = `
  SELECT number, outcome, ended_at FROM tq__attempt WHERE task = $id ORDER BY number DESC LIMIT 1`;

/** null: there is no such task. */
export function readSituation(
  db: Database,
  wanted: WantedTask,
  now: number,
  around: Surroundings,
): Situation | null {
  const task = "id" in wanted ? getTask(db, wanted.id, now) : getTaskByRef(db, wanted.ref, now);
  const row = task && (db.query(HIDDEN).get({ id: task.id }) as HiddenRow | null);
  if (!task || !row) return null;
  const workers = around.workers(listWorkers(db));
  const lastRun = db.query(LAST_RUN).get({ id: task.id }) as Situation["lastRun"];
  const takers = workers.filter((one) => one.alive && isWorker(one) && takes(one, task));
  const facts = {
    now,
    task,
    blocked: around.blocked ?? null,
    suspect: row.suspect === 1,
    putOff: row.postponed_at !== null,
  };
  const all = shownPauses(db, now);
  const pauses = pausesOf(all, task);
  const stopped = workers.filter(isStopped).map(({ id }) => id);
  const run = presentRun(db, task, row.thread, around);
  const mayRun = task.state === "ready" || (task.state === "scheduled" && isDue(task, now));
  const since = Math.max(task.enqueued_at, task.scheduled_at ?? 0, lastRun?.ended_at ?? 0);
  const place =
    mayRun && takers.length > 0
      ? placeOf(db, { ...row, ...task }, takers, { now, since, pauses: all })
      : null;
  return { ...facts, lastRun, workers, stopped, run, place, pauses };
}

function takes({ queues }: WorkerStatus, { queue }: Task): boolean {
  return takesQueue(queues, queue);
}

function isDue({ scheduled_at: at }: Task, now: number): boolean {
  return at !== null && at <= now;
}

const HELD_WITH = `
  SELECT count(*) - 1 AS others FROM tq__task WHERE state = 'running' AND worker = $worker AND thread = $thread`;

function presentRun(
  db: Database,
  { id, state, worker, attempts }: Task,
  thread: number | null,
  around: Surroundings,
): PresentRun | null {
  if (state !== "running" || worker === null || thread === null) return null;
  const owner = { worker, thread };
  const { others } = db.query(HELD_WITH).get({ ...owner }) as { others: number };
  const shown = around.shown(owner);
  const isHeard = shown?.id === id && shown.attempt === attempts + 1;
  const said = isHeard ? parseOutput(shown.attempt, shown.text) : null;
  const [progress, lastLine] = [said?.progress ?? null, said?.lines.at(-1) ?? null];
  return { ...owner, others: Math.max(others, 0), isHeard, progress, lastLine };
}

type Placed = Pick<Task, "id" | "queue" | "priority"> & Pick<HiddenRow, "deadline" | "suspect">;

interface Waited {
  readonly now: number;
  /** Since then the task could have begun. */
  readonly since: number;
  readonly pauses: readonly PauseTarget[];
}

function placeOf(
  db: Database,
  task: Placed,
  takers: readonly WorkerStatus[],
  waited: Waited,
): Place {
  const lists = new Map(takers.map(({ queues }) => [JSON.stringify(queues), queues]));
  const counts = Array.from(lists.values(), (queues) => ({
    queues,
    ...countAhead(db, task, queues, waited.pauses),
  }));
  const [best = { queues: [], ahead: 0, isAll: true }] = counts.toSorted(
    (a, b) => a.ahead - b.ahead,
  );
  const { queues, ...ahead } = best;
  const first = Math.min(...takers.map(({ started_at: at }) => at));
  const resumed = resumedAt(db, task.queue, endedPauses(db, waited.now));
  const since = Math.max(waited.since, first, resumed);
  const takes = (queue: string): boolean => takesQueue(queues, queue);
  const rate = ahead.ahead === 0 ? NONE_ENDED : endedRate(db, takes, { ...waited, since });
  const { ended, within: endedWithin } = rate;
  return {
    ...ahead,
    ended,
    endedWithin,
    ...busyThreads(db, takers),
    suspects: runningSuspects(db, takers),
  };
}

/** Tasks before another one are counted up to this number: some 10 ms. */
const MOST_AHEAD = 100_000;

/** The order of a claim: by priority, deadline and id. Each part is a range of the index. */
const beforeIt = (suspect: IsSuspect): string =>
  [
    "priority > $priority",
    "priority = $priority AND deadline < $deadline",
    "priority = $priority AND deadline = $deadline AND id < $id",
  ]
    .map(
      (part) =>
        `SELECT 1 FROM tq__task WHERE state = 'ready' AND ${suspect} AND queue = $queue AND ${part}`,
    )
    .join(" UNION ALL ");

const countBeforeIt = (suspect: IsSuspect): string => `
  SELECT count(*) AS count FROM (${beforeIt(suspect)} LIMIT CAST($limit AS INTEGER))`;

const BEFORE_IT = countBeforeIt(NO_SUSPECT);
const SUSPECTS_BEFORE_IT = countBeforeIt(SUSPECT);

function countAhead(
  db: Database,
  { id, priority, deadline, suspect }: Placed,
  queues: readonly string[],
  pauses: readonly PauseTarget[],
): Pick<Place, "ahead" | "isAll"> {
  const [statement, names] =
    suspect === 1
      ? [SUSPECTS_BEFORE_IT, matchQueues(db, queues, suspectQueues(db))]
      : [BEFORE_IT, candidates(db, queues)];
  let ahead = 0;
  for (const queue of names) {
    if (!takesQueue(queues, queue) || isQueuePaused(pauses, queue)) continue;
    const values = { queue, id, priority, deadline, limit: MOST_AHEAD + 1 - ahead };
    ahead += (db.query(statement).get(values) as { count: number }).count;
    if (ahead > MOST_AHEAD) return { ahead: MOST_AHEAD, isAll: false };
  }
  return { ahead, isAll: true };
}

const NONE_ENDED = { ended: 0, within: 0 };

const BUSY = `
  SELECT count(DISTINCT thread) AS busy FROM tq__task WHERE state = 'running' AND worker = $worker`;

const LONGEST = `
  SELECT id, min(dequeued_at) AS dequeued_at FROM tq__task WHERE state = 'running' AND worker = $worker`;

function busyThreads(
  db: Database,
  takers: readonly WorkerStatus[],
): Pick<Place, "threads" | "busy" | "longest"> {
  let [threads, busy] = [0, 0];
  let longest: Place["longest"] = null;
  for (const { id: worker, threads: all } of takers) {
    threads += all;
    busy += (db.query(BUSY).get({ worker }) as { busy: number }).busy;
    const first = db.query(LONGEST).get({ worker }) as Record<"id" | "dequeued_at", number | null>;
    const { id, dequeued_at } = first;
    if (id === null || dequeued_at === null) continue;
    if (!longest || dequeued_at < longest.dequeued_at) longest = { id, dequeued_at };
  }
  return { threads, busy, longest };
}

function runningSuspects(db: Database, takers: readonly WorkerStatus[]): number[] {
  const running = takers.flatMap(({ id }) => runningSuspect(db, id) ?? []);
  return running.length < takers.length ? [] : running;
}
