/** Runs a task as a worker's thread would, and rolls back all that it did in the database. */
import { monotonicNow } from "../clock.ts";
import { noSuchTask, TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { Outcome } from "../outcome.ts";
import { followUpsOf } from "../registry/follow-ups.ts";
import type { Progress } from "../shared-memory/progress.ts";
import type { Session } from "../store/session.ts";
import { parseOutput, type RunOutput } from "../store/task-output.ts";
import type { TrialChanges, TrialStore } from "../store/trial.ts";
import { callWords, type ClaimedTask, ENDED_STATES, type Task } from "../task.ts";
import type { Runtime } from "../transaction/runtime.ts";
import { Transaction } from "../transaction/transaction.ts";
import { Unit } from "../transaction/unit.ts";
import { begin } from "./attempt.ts";
import { loneThread } from "./lone-thread.ts";
import { isCall, isOutside, type Prepared, prepare } from "./prepare.ts";
import type { ThreadOutput } from "./thread-output.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";

export interface TrialRuntime extends Runtime {
  readonly store: TrialStore;
}

/** A task that is ready to be tried. */
export interface Trial {
  readonly task: ClaimedTask;
  readonly attempts: number;
  run(): Promise<TrialEnd>;
}

export interface TrialEnd {
  readonly outcome: Outcome;
  /** ms. */
  readonly ran: number;
  /** The changes that its commit would have made; null: the run would have been undone. */
  readonly changes: TrialChanges | null;
  /** The tasks that its failure would push, as `onFailed` says. */
  readonly followUps: readonly Task[];
  readonly output: RunOutput;
}

/** The most rows of a table, and the most pushed tasks, that a trial shows. */
const MOST_SHOWN = 100;

/** The subject of a trial: a task that there is, or a call, which `push` pushes in the current transaction. */
export type Tried = { readonly id: number } | { readonly push: () => Promise<number[]> };

/**
 * Prepares a trial, without a change of the database.
 *
 * @param makeOutput takes what the run says.
 * @throws TqError "not_found" or "conflict" for a task that cannot be tried.
 */
export async function prepareTrial(
  runtime: TrialRuntime,
  tried: Tried,
  makeOutput: (progress: Progress) => ThreadOutput,
): Promise<Trial> {
  const thread = { ...loneThread(runtime, makeOutput), report: withoutRuns(runtime.report) };
  const { store, registry, config } = runtime;
  store.failures.know(followUpsOf(registry, config.tasks));
  const task = await inRolledBack(thread, (session) => claimed(thread, session, tried));
  const prepared = prepare(task, thread);
  if (isOutside(prepared)) {
    const why = "runs outside any transaction (transaction: false), so what it commits would stay";
    const cure =
      "to see what it does, run it on a copy of the database, or in a test with tq/testing";
    const refusal = `Cannot try ${nameOf(task, tried)}: ${callWords(task)} ${why}`;
    throw new TqError("conflict", `${refusal}; ${cure}`);
  }
  const run = async (): Promise<TrialEnd> => {
    const end = await runTrial(thread, store, task, prepared, nameOf(task, tried));
    const { outcome } = end;
    if (outcome.kind !== "failed") return { ...end, followUps: [] };
    const followUps = await inRolledBack(thread, async (session) => {
      await session.settle(await claimed(thread, session, tried), outcome);
      const { pushed } = await store.changes(session, MOST_SHOWN);
      return pushed.filter(({ id }) => session.followUps.includes(id));
    });
    return { ...end, followUps };
  };
  return { task, attempts: isCall(prepared) ? prepared.policy.attempts : 1, run };
}

/** The log has no runs that never were. */
function withoutRuns(report: Report): Report {
  return (event) => {
    if (event.name !== "task.started") report(event);
  };
}

function nameOf({ id, model, method, instances }: ClaimedTask, tried: Tried): string {
  return "id" in tried ? `task ${id}` : callWords({ model, method, instances });
}

/** The claim of a trial is rolled back before the run, so that the method does not meet it. */
async function inRolledBack<T>(
  { store }: ThreadRuntime,
  fn: (session: Session) => Promise<T>,
): Promise<T> {
  const session = store.session();
  try {
    await session.begin();
    return await fn(session);
  } finally {
    await store.release(session);
  }
}

/** The task as a worker would claim it now. */
async function claimed(
  thread: ThreadRuntime,
  session: Session,
  tried: Tried,
): Promise<ClaimedTask> {
  const id = "id" in tried ? tried.id : await pushed(thread, session, tried.push);
  if ("id" in tried) await readyAgain(thread, session, id);
  const task = await session.claimOne(id, thread.owner, true);
  if (task) return task;
  throw await cannotTry(thread, id);
}

async function pushed(
  thread: ThreadRuntime,
  session: Session,
  push: () => Promise<number[]>,
): Promise<number> {
  const unit = new Unit(thread, { session });
  const ids = await new Transaction(unit, 0, {}).run(push);
  await unit.end();
  const [id, ...others] = ids;
  if (id !== undefined && others.length === 0) return id;
  const why = `this call makes ${ids.length} tasks; give the ids of one of them`;
  throw new TqError("invalid", `Cannot try: ${why}`);
}

/** An ended task is tried as after a retry by hand. */
async function readyAgain({ store }: ThreadRuntime, session: Session, id: number): Promise<void> {
  const task = await store.get(id);
  if (task && ENDED_STATES.some((state) => state === task.state)) await session.retry(id);
}

async function cannotTry({ store }: ThreadRuntime, id: number): Promise<TqError> {
  const task = await store.get(id);
  if (task === null) return noSuchTask(`try task ${id}`);
  const cure = "wait until it has ended, or cancel it first";
  return new TqError("conflict", `Cannot try task ${id}: it is ${task.state}; ${cure}`);
}

async function runTrial(
  thread: ThreadRuntime,
  store: TrialStore,
  task: ClaimedTask,
  prepared: Prepared,
  name: string,
): Promise<Omit<TrialEnd, "followUps">> {
  const session = store.session();
  const unit = new Unit(thread, { session });
  const began = monotonicNow();
  try {
    const begun = await begin(thread, task, unit, { prepared, took: 0 });
    const outcome = await begun.outcome;
    const ran = monotonicNow() - began;
    await unit.end();
    if (store.hasRefused) throw committed(name);
    const isKept = outcome.kind === "finished";
    const changes = isKept ? await store.changes(session, MOST_SHOWN) : null;
    const output = parseOutput(task.attempt, thread.output.take(task) ?? "");
    return { outcome, ran, changes, output };
  } finally {
    await store.release(session);
  }
}

function committed(name: string): TqError {
  const why = "it commits while it runs, with Transaction.current.commit() or in a transaction";
  return new TqError(
    "conflict",
    `Cannot try ${name}: ${why} of its own, and a commit cannot be rolled back; the commit was refused, and all was undone`,
  );
}
