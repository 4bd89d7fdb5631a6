/** Runs one task up to its outcome: finds the records of its call, and makes it. Tryton's `ir.queue` run. */
import { formatDuration } from "../values/duration.ts";
import { isOperational } from "../errors.ts";
import type { Policy } from "../policies/table.ts";
import { verdictOf } from "../policies/verdicts.ts";
import { finished } from "./finished.ts";
import { judge } from "./judge.ts";
import { hasFunction, withEarlierTrouble } from "./policy-trouble.ts";
import { type Call, isCall, type Prepared, uncalled } from "./prepare.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";
import { runTime, tellIfOverdue, timeoutError } from "./time-limit.ts";
import { Transaction } from "../transaction/transaction.ts";
import { allAwaited } from "../transaction/strict-work.ts";
import type { Unit } from "../transaction/unit.ts";
import { type Outcome, toErrorData } from "../outcome.ts";
import { type ClaimedTask, expiredReason, expiryOf } from "../task.ts";
import { RunningTask, withTask } from "../transaction/current-task.ts";

/**
 * Runs the task's method inside this unit of work. Never throws: an error becomes the outcome. It is the thread's present
 * run from here on.
 */
export async function run(
  task: ClaimedTask,
  prepared: Prepared,
  unit: Unit,
  {
    present,
    output,
    threw,
    progress,
    otherWorker,
  }: Pick<ThreadRuntime, "present" | "output" | "threw" | "progress" | "otherWorker">,
): Promise<Outcome> {
  if (!isCall(prepared)) return uncalled(task, prepared, otherWorker);
  const { policy } = prepared;
  const running = new RunningTask(task, prepared.context, output);
  present.task = running;
  const started = policy.timeout === null ? 0 : runTime(progress);
  if (policy.strict) unit.beStrict();
  try {
    if (policy.expires !== null || task.expiresAt !== null) {
      const expired = await expiry(task, policy, unit);
      if (expired) return expired;
    }
    const transaction = new Transaction(unit, task.user, prepared.context);
    const value = await withTask(running, unit, () =>
      policy.transaction
        ? transaction.run(() => callInside(prepared, unit))
        : callOutside(prepared, unit),
    );
    const pending = unit.pendingDone();
    if (pending) await pending;
    if (value === NOT_CALLED) return notCalled(prepared);
    if (verdictOf(value)) throw value; // `return new Snooze(…)` means the same
    tellIfOverdue(running, policy, started, progress);
    // It may have given up where it was, so its return is no success.
    if (running.wasToldToEnd) return endedEarly(running, task, policy, unit);
    running.finish();
    return finished(value);
  } catch (error) {
    threw?.(error, task, policy);
    tellIfOverdue(running, policy, started, progress);
    if (running.wasToldToEnd) return endedEarly(running, task, policy, unit, error);
    // Stale: another transaction had changed a record that it wrote to.
    if (unit.stale || isOperational(error))
      return { kind: "postponed", delay: 0, error: toErrorData(error) }; // the caller sets the delay
    return judged(error, task, policy, unit);
  }
}

async function judged(
  thrown: unknown,
  task: ClaimedTask,
  policy: Policy,
  { runtime: { store } }: Unit,
): Promise<Outcome> {
  const outcome = judge(thrown, task, policy, store.now());
  if (outcome.kind !== "failed" || !hasFunction(policy)) return outcome;
  return { kind: "failed", error: await withEarlierTrouble(outcome.error, task, store) };
}

/** The outcome of a run that was told to end, and did. @param thrown what its method threw, if it threw */
function endedEarly(
  running: RunningTask,
  task: ClaimedTask,
  policy: Policy,
  unit: Unit,
  thrown?: unknown,
): Outcome | Promise<Outcome> {
  if (running.aborted !== "timeout") return { kind: "interrupted", reason: "its worker stops" };
  const error = timeoutError(policy.timeout ?? 0, running.isReason(thrown) ? undefined : thrown);
  return judged(error, task, policy, unit);
}

/** The end of a task that waited too long for its first run; null: it may run. */
async function expiry(task: ClaimedTask, policy: Policy, unit: Unit): Promise<Outcome | null> {
  if (task.attempt > 1) return null; // it has started before
  const { store } = unit.runtime;
  let { expiresAt } = task;
  if (expiresAt === null && policy.expires !== null) {
    const row = await store.get(task.id);
    expiresAt = row && expiryOf(row, policy.expires);
  }
  const late = expiresAt === null ? 0 : store.now() - expiresAt;
  if (late <= 0) return null;
  return { kind: "cancelled", reason: expiredReason(formatDuration(late)), neverRan: true };
}

function notCalled({ instances, policy }: Call): Outcome {
  const count = typeof instances === "number" ? 1 : instances.length;
  const none = count === 1 ? "its record does not exist" : `none of its ${count} records exists`;
  const message = `${none}; the method was not called`;
  if (policy.missing === "skip") return { kind: "finished", result: null, reason: message };
  return { kind: "failed", error: { name: "MissingRecords", message, stack: null } };
}

async function callInside(call: Call, unit: Unit): Promise<unknown> {
  if (call.method.kind === "function") return callFunction(call, unit);
  return callMethod(call, await findRecords(call), unit);
}

/** Reads the records in a short transaction, which has the task's user and context; the method then runs in none. */
async function callOutside(call: Call, unit: Unit): Promise<unknown> {
  if (call.method.kind === "function") return callFunction(call, unit);
  const records = await Transaction.start({}, () => findRecords(call));
  return callMethod(call, records, unit);
}

function callFunction({ method, args }: Call, unit: Unit): unknown {
  const answer = method.call.call(undefined, ...args);
  return unit.strict ? allAwaited(answer, unit.strict) : answer;
}

interface Browses {
  browse(ids: readonly number[]): Promise<object[]>;
}

/** Leaves out records that no longer exist. */
function findRecords({ model, instances }: Call): Promise<object[]> {
  const ids = typeof instances === "number" ? [instances] : instances;
  return (model as unknown as Browses).browse(ids);
}

/** The value of a call that has no record to be made on. */
const NOT_CALLED = Symbol("not called");

/** @returns what the method returns, or a promise of that; NOT_CALLED when no record is left */
function callMethod(call: Call, records: readonly object[], unit: Unit): unknown {
  const { model, method, instances, args, policy } = call;
  const single = typeof instances === "number";
  const isStatic = method.kind === "static";
  // A recurring task may have no instances: a static method then gets an empty list.
  if (records.length === 0 && (single || instances.length > 0 || !isStatic)) return NOT_CALLED;
  if (isStatic && (single || policy.instances !== "one")) {
    const given = single && policy.instances !== "many" ? records[0] : records;
    const answer = method.call.call(model, given, ...args);
    return unit.strict ? allAwaited(answer, unit.strict) : answer;
  }
  return callOnEach(call, records, unit);
}

async function callOnEach(
  { model, method, instances, args }: Call,
  records: readonly object[],
  unit: Unit,
): Promise<unknown> {
  let last: unknown;
  for (const record of records) {
    last = await (method.kind === "static"
      ? method.call.call(model, record, ...args)
      : method.call.call(record, ...args));
  }
  unit.strict?.checkAwaited();
  return typeof instances === "number" ? last : undefined;
}
