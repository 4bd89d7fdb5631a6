/** One attempt at a task: decodes the call, begins the run, and reports its end after the commit. */
import { monotonicNow } from "../clock.ts";
import { drainMicrotasks } from "bun:jsc";
import { nextTurn } from "../next-turn.ts";
import type { Outcome, OutcomeKind } from "../outcome.ts";
import type { Soon } from "../soon.ts";
import type { Ending, Session } from "../store/session.ts";
import type { ClaimedTask } from "../task.ts";
import { tableOf } from "../registry/definition.ts";
import type { Table } from "../store/records.ts";
import type { Unit } from "../transaction/unit.ts";
import { attend } from "./attend.ts";
import { reportOutcome, runOf } from "./run-events.ts";
import { isCall, isOutside, type Prepared, prepare } from "./prepare.ts";
import { run } from "./run.ts";
import { sayableOutcome } from "./sayable.ts";
import type { MethodRuns } from "./quick-methods.ts";
import { isTraced } from "../tracing/open-telemetry.ts";
import { tracedRun } from "./traced-run.ts";
import type { RoundEnd, ThreadRuntime } from "./thread-runtime.ts";
import { abortLate, limitRun } from "./time-limit.ts";

const NO_ANSWERS = [0, 0] as const;

/** A thread decodes calls of a batch for this long before the batch's transaction begins. */
const DECODE_AHEAD_MS = 2;

/** A run that has begun: its promise may still be waiting. */
export interface Begun {
  readonly task: ClaimedTask;
  readonly unit: Unit;
  readonly outcome: Promise<Outcome>;
  /** The runs of its method. */
  readonly runs: MethodRuns;
  readonly started: number;
  /** True when the run waits for something other than the store: it is not quick. */
  readonly waits: boolean;
  /** True when the run is outside any transaction: a rollback does not undo its work. */
  readonly outside: boolean;
}

export interface Ended {
  readonly task: ClaimedTask;
  readonly unit: Unit;
  readonly outcome: Outcome;
  readonly runs: MethodRuns;
  /** When it began, by `performance.now()`. */
  readonly started: number;
  readonly duration: number;
}

/** The call of a task, and the ms that it took to find and decode it. */
interface Decoded {
  readonly prepared: Prepared;
  readonly took: number;
}

function decode(thread: ThreadRuntime, task: ClaimedTask, started = monotonicNow()): Decoded {
  const prepared = prepare(task, thread);
  return { prepared, took: monotonicNow() - started };
}

/**
 * Decodes the first calls of a batch while other threads may write; after large arguments the rest wait. Where nobody waits
 * to write, it decodes all: their records are read ahead.
 */
export function decodeAhead(thread: ThreadRuntime, tasks: readonly ClaimedTask[]): Decoded[] {
  let now = monotonicNow();
  const until = thread.store.traits.singleWriter ? now + DECODE_AHEAD_MS : Infinity;
  const decoded: Decoded[] = [];
  for (const task of tasks) {
    if (now > until) break;
    const one = decode(thread, task, now);
    decoded.push(one);
    now += one.took;
  }
  return decoded;
}

/** A call of more records reads them itself: those of a batch are all in memory at once. */
const MOST_AHEAD = 100;

/** Reads the records of the calls at once, where each run of a batch would wait for the answer of a server. */
export async function readAhead({ records }: Session, calls: readonly Decoded[]): Promise<void> {
  const idsOf = new Map<Table, Set<number>>();
  for (const { prepared } of calls) {
    if (!isCall(prepared) || !prepared.policy.transaction) continue;
    const { model, instances } = prepared;
    const table = tableOf(model);
    if (!table || !records.hasTable(table)) continue;
    let ids = idsOf.get(table);
    if (!ids) idsOf.set(table, (ids = new Set<number>()));
    if (typeof instances === "number") ids.add(instances);
    else if (instances.length <= MOST_AHEAD) for (const id of instances) ids.add(id);
  }
  const reading = [...idsOf].map(async ([table, ids]) => records.readAhead?.(table, [...ids]));
  await Promise.all(reading);
}

/**
 * Begins a run, and learns whether its method is quick: the run settles, in little time, once the microtasks are
 * drained and the store has answered.
 */
export function begin(
  thread: ThreadRuntime,
  task: ClaimedTask,
  unit: Unit,
  { prepared, took } = decode(thread, task),
): Soon<Begun> {
  const { methods, progress, report, audience } = thread;
  if (audience.hears("task.started")) report({ name: "task.started", ...runOf(task) });
  const started = monotonicNow();
  const { waited: waitedBefore, answers } = unit.waits;
  const [countBefore, msBefore] = answers ? [answers.count, answers.ms] : NO_ANSWERS;
  const startedAt = started - progress.awaited;
  if (isCall(prepared)) limitRun(progress, task, prepared.policy, thread.store);
  const start = () => run(task, prepared, unit, thread);
  const outcome = isTraced() ? tracedRun(thread, task, start) : start();
  drainMicrotasks();
  const attending = attend(outcome, unit); // while the run waits for the store alone
  const learn = () => {
    const waits = Bun.peek.status(outcome) === "pending";
    if (waits && isCall(prepared)) abortLate(thread, task, prepared.policy, startedAt, outcome);
    const outside = isOutside(prepared);
    const runs = methods.of(task);
    if (waits || outside) runs.startOver();
    else if (isCall(prepared)) {
      // Waiting for other writers is not the method's time: two busy threads would make every method look slow.
      const duration = took + monotonicNow() - started - (unit.waits.waited - waitedBefore);
      if (answers) {
        const [count, ms] = [answers.count - countBefore, answers.ms - msBefore];
        runs.settledAtOnce(duration, { count, ms });
      } else runs.settledAtOnce(duration);
    }
    return { task, unit, outcome, runs, started, waits, outside };
  };
  return attending ? attending.then(learn) : learn();
}

/**
 * Resolves once Bun has told of all rejections that no code awaits: it tells of them in the next turn of the event loop
 * at the latest. The task of a run that waited still runs until then, so that each counts a crash, whatever came before.
 */
export const rejectionsTold = nextTurn;

/** The claims that the round's commit gives back, and the ones that it makes. */
export function endingOf(
  { owner, queues }: ThreadRuntime,
  session: Session,
  { handBack, claimUpTo }: RoundEnd,
): Ending {
  // A connection that user code has changed may return other rows.
  const claims = claimUpTo > 0 && !session.spoilt;
  return { handBack, claim: claims ? { owner, queues, limit: claimUpTo } : null };
}

/**
 * Call it after the commit or the rollback: counts the run, announces the tasks that it pushed, and reports it.
 *
 * Say before that something was committed: `counters.committed`.
 *
 * @param kept false where the claim was lost: what the run had not committed itself was undone, and its outcome is not
 * stored.
 */
export function note(thread: ThreadRuntime, ended: Ended, kept: boolean): Soon<void> {
  const { progress, report, pushed, audience, redaction } = thread;
  const { task, unit, outcome, duration } = ended;
  if (kept && outcome.kind === "finished") unit.keep();
  pushed?.(unit.committedIds);
  if (kept && (outcome.kind === "finished" || outcome.kind === "failed")) {
    progress.count(outcome.kind);
  }
  if (kept) count(thread, ended, outcome.kind);
  const isRoutine = outcome.kind === "finished" && outcome.reason === null;
  if (kept && isRoutine && !audience.hears("task.finished")) return;
  reportOutcome(report, task, sayableOutcome(outcome, task, redaction), kept, duration);
  if (!kept) return countCancelled(thread, ended);
}

function count({ counters }: ThreadRuntime, ended: Ended, kind: OutcomeKind): void {
  const { task, runs, started, duration } = ended;
  // A task that expired had no run, so nothing of one is measured.
  const ran = !neverRan(ended);
  counters?.count(task, runs.series, kind, ran ? started : NaN, ran ? duration : NaN);
}

function neverRan({ outcome }: Ended): boolean {
  return outcome.kind === "cancelled" && outcome.neverRan === true;
}

/** Counts a run that has lost its claim to a cancel; a run that has lost it to a rescue is counted there. */
async function countCancelled(thread: ThreadRuntime, ended: Ended): Promise<void> {
  if (!thread.counters || neverRan(ended)) return;
  const row = await thread.store.get(ended.task.id).catch(() => null);
  if (row?.state === "cancelled") count(thread, ended, "cancelled");
}
