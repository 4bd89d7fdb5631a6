/** What both sides must agree on after each move. */
import type { Database } from "bun:sqlite";
import { expect } from "bun:test";
import type { Session } from "../../../src/store/session.ts";
import type { SqliteSession } from "../../../src/sqlite/session.ts";
import type { ModelTask } from "./model-task.ts";
import type { QueueModel } from "./queue-model.ts";
import { dueOf, readyOf } from "../../support/store.ts";
import type { Real, World } from "./world.ts";

/** What a claim hands out. */
export function toLook(one: Awaited<ReturnType<Session["claim"]>>[number]) {
  const { id, claim: number, attempt, suspect, queue, priority, deadline } = one;
  return { id, claim: number, attempt, suspect, queue, priority, deadline };
}

export function toLookOfModel({ id, claim: number, attempts, suspect, ...one }: ModelTask) {
  const { queue, priority, deadline } = one;
  const attempt = attempts + 1;
  return { id, claim: number, attempt, suspect: suspect === 1, queue, priority, deadline };
}

const ROWS = `
  SELECT id, state, queue, priority, deadline, ref, enqueued_at, scheduled_at, expected_at, expires_at, postponed_at, dequeued_at,
         finished_at, attempts, failures, snoozes, postponed, crashes, suspect, begun, claim, worker, thread, result, reason
    FROM tq__task
   ORDER BY id`;

export function rows(db: Database): ModelTask[] {
  return db.query(ROWS).all() as ModelTask[];
}

const ERRORS = "SELECT task, message, attempt, count FROM tq_errors ORDER BY task, message";

const RUNS = `
  SELECT task, number, due_at, started_at, ended_at, outcome, reason, worker, thread
    FROM tq__attempt
   ORDER BY task, number`;

/** The same run does not end twice. */
const ALL_RUNS = `
  SELECT count(*) AS runs, count(DISTINCT task || '/' || number) AS different FROM tq_attempts`;

const OUTPUTS = "SELECT task, attempt, text FROM tq__output ORDER BY task, attempt";

export async function compare(world: World, real: Real): Promise<void> {
  const { queue, onDisk } = world;
  expectSame(real.look, onDisk ?? queue);
  real.seen.check(rows(real.look));
  if (real.session) {
    await (real.session as SqliteSession).runStatements((db) => expectSame(db, queue));
  } else await compareLooks(queue, real);
}

function expectSame(db: Database, queue: QueueModel): void {
  expect(rows(db)).toEqual([...queue.tasks.values()]);
  const { errors, runs, outputs } = queue.history;
  const byTask = errors.toSorted((a, b) => a.task - b.task || (a.message < b.message ? -1 : 1));
  expect(db.query(ERRORS).all()).toEqual(byTask);
  expect(db.query(RUNS).all()).toEqual(
    runs.toSorted((a, b) => a.task - b.task || a.number - b.number),
  );
  expect(db.query(OUTPUTS).all()).toEqual(
    outputs.toSorted((a, b) => a.task - b.task || a.attempt - b.attempt),
  );
  const all = db.query(ALL_RUNS).get() as { runs: number; different: number };
  expect(all.different).toBe(all.runs);
}

/** What the store answers when asked, and the order of the next claim. */
async function compareLooks(queue: QueueModel, { store }: Real): Promise<void> {
  const tasks = [...queue.tasks.values()];
  const due = tasks
    .filter(({ state }) => state === "scheduled")
    .map((one) => one.scheduled_at ?? 0);
  expect(await dueOf(store)).toBe(due.length > 0 ? Math.min(...due) : null);
  const workers = [...queue.workers.keys(), "nobody"];
  for (const worker of [null, workers[0] ?? null]) {
    for (const queues of [[], ["mail.*", "x"]]) {
      const ready = queue.countReady(queues, worker);
      expect(await readyOf(store, queues, 1_000, worker ?? undefined)).toBe(ready);
    }
  }
  expect(new Map((await store.workers()).map(({ id, running }) => [id, running]))).toEqual(
    new Map([...queue.workers.keys()].map((id) => [id, queue.heldBy(id).length])),
  );

  const session = store.session();
  try {
    const [worker = "nobody"] = workers;
    const options = { owner: { worker, thread: 1 }, queues: [], limit: 1_000 };
    const next = (await session.claim(options)).map(toLook);
    expect(next).toEqual(queue.copy().claim(worker, 1, [], 1_000).map(toLookOfModel));
  } finally {
    await store.release(session);
  }
}
