/** Situations of a task for the tests of what is said of them. */
import type { WorkerStatus } from "../../../src/store/looking.ts";
import type { Place, PresentRun, Situation } from "../../../src/store/situation.ts";
import type { Task } from "../../../src/task.ts";

export const NOW = 1_800_000_000_000;

const TASK: Task = {
  id: 7,
  state: "ready",
  queue: "print",
  priority: 0,
  model: "printer",
  method: "print",
  instances: 1,
  args: [],
  user: 0,
  context: {},
  ref: null,
  enqueued_at: NOW - 60_000,
  scheduled_at: null,
  expected_at: null,
  expires_at: null,
  dequeued_at: null,
  finished_at: null,
  attempts: 0,
  failures: 0,
  snoozes: 0,
  crashes: 0,
  worker: null,
  policy: null,
  result: null,
  reason: null,
};

export const WORKER: WorkerStatus = {
  id: "w-1",
  pid: 4711,
  host: "shop",
  started_at: NOW - 1e6,
  threads: 2,
  queues: ["print"],
  running: 0,
  version: "1",
  schema: 8,
  trouble: null,
  threads_ready: null,
  models_at: null,
  alive: true,
};

const PLACE: Place = {
  ahead: 0,
  isAll: true,
  ended: 0,
  endedWithin: 0,
  threads: 2,
  busy: 0,
  longest: null,
  suspects: [],
};

const RUN: PresentRun = {
  worker: "w-1",
  thread: 2,
  others: 0,
  isHeard: false,
  progress: null,
  lastLine: null,
};

type Facts = Partial<Omit<Situation, "task" | "run" | "place">> & {
  readonly task?: Partial<Task>;
  readonly run?: Partial<PresentRun> | null;
  readonly place?: Partial<Place>;
};

/** A ready task with a free worker, but for these facts. */
export function situation({ task, run, place, ...facts }: Facts = {}): Situation {
  return {
    now: NOW,
    suspect: false,
    putOff: false,
    lastRun: null,
    workers: [WORKER],
    stopped: [],
    pauses: [],
    ...facts,
    task: { ...TASK, ...task },
    run: run ? { ...RUN, ...run } : null,
    place: { ...PLACE, ...place },
  };
}

/** A task that runs on thread 2 of the worker, for 12 s now. */
export function running(run: Partial<PresentRun> = {}, facts: Facts = {}): Situation {
  const task: Partial<Task> = { state: "running", worker: "w-1", dequeued_at: NOW - 12_000 };
  return situation({ ...facts, task: { ...task, ...facts.task }, run });
}

/** A task that a run has put off by 40 s. */
export function putOff(outcome: "failed" | "snoozed" | "postponed", facts: Facts = {}): Situation {
  return situation({
    putOff: true,
    lastRun: { number: 2, outcome, ended_at: NOW - 1_000 },
    ...facts,
    task: {
      state: "scheduled",
      scheduled_at: NOW + 40_000,
      attempts: 2,
      failures: 2,
      reason: "printer is off",
    },
  });
}

/** A task that ended a minute ago, after 5 s. */
export function ended(state: "finished" | "failed" | "cancelled", task: Partial<Task> = {}) {
  return situation({
    task: { state, dequeued_at: NOW - 65_000, finished_at: NOW - 60_000, attempts: 1, ...task },
  });
}
