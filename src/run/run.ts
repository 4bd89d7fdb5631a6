/**
 * Runs one task up to its outcome: resolves and decodes the call, finds the records, calls. Tryton's `ir.queue` run.
 */
import { formatDuration } from "../values/duration.ts";
import { decode } from "../values/encoding.ts";
import { isOperational, isTqError, TqError, messageOf } from "../errors.ts";
import {
  isFunction,
  methodNames,
  type ModelClass,
  type ModelMethod,
  requireMethod,
} from "../registry/model-class.ts";
import type { Policy } from "../policies/table.ts";
import { verdictOf } from "../policies/verdicts.ts";
import { finished } from "./finished.ts";
import { judge } from "./judge.ts";
import { hasFunction, withEarlierTrouble } from "./policy-trouble.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";
import { runTime, tellIfOverdue, timeoutError } from "./time-limit.ts";
import { Transaction, type Context } from "../transaction/transaction.ts";
import { allAwaited } from "../transaction/strict-work.ts";
import type { Unit } from "../transaction/unit.ts";
import { type Outcome, toErrorData } from "../outcome.ts";
import { callWords, type ClaimedTask, expiredReason, expiryOf, isFunctionCall } from "../task.ts";
import { functionWords, modelWords } from "../catalog.ts";
import { RunningTask, withTask } from "../transaction/current-task.ts";

/** The call of a task, or the outcome of a task that cannot be called. */
export type Prepared = Call | Outcome;

/** The methods that a thread can call, and how it runs them. */
export type Callables = Pick<ThreadRuntime, "registry" | "policies">;

/** Finds the task's method and decodes its call, without the database. Never throws. */
export function prepare(task: ClaimedTask, thread: Callables): Prepared {
  try {
    return resolve(task, thread);
  } catch (error) {
    return { kind: "failed", error: toErrorData(error) };
  }
}

/** False for a task that cannot be called: its outcome says nothing about the method. */
export function isCall(prepared: Prepared): prepared is Call {
  return !("kind" in prepared);
}

/** True for a method that runs outside any transaction. */
export function isOutside(prepared: Prepared): boolean {
  return isCall(prepared) && !prepared.policy.transaction;
}

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
  }: Pick<ThreadRuntime, "present" | "output" | "threw" | "progress">,
): Promise<Outcome> {
  if (!isCall(prepared)) return prepared;
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

interface Call {
  readonly model: ModelClass;
  readonly method: ModelMethod;
  readonly instances: number | readonly number[];
  readonly args: readonly unknown[];
  readonly context: Context;
  readonly policy: Policy;
}

function lookUp(
  task: ClaimedTask,
  registry: Callables["registry"],
): readonly [ModelClass, ModelMethod] {
  try {
    const kind = isFunctionCall(task) ? "function" : "model";
    const model = registry.require(task.model, `run task ${task.id}`, kind);
    checkForm(task, model);
    return [model, requireMethod(model, task.method, `run task ${task.id},`)];
  } catch (cause) {
    if (!isTqError(cause) || cause.code !== "not_found") throw cause;
    throw new TqError("not_found", `${cause.message} (${registry.ifMissing})`, { cause });
  }
}

/** Refuses a call of a function as a method, and of a method as a function: the model has changed since the push. */
function checkForm(task: ClaimedTask, model: ModelClass): void {
  if (isFunction(model) === isFunctionCall(task)) return;
  const words = isFunction(model)
    ? functionWords(task.model)
    : modelWords(task.model, methodNames(model));
  throw new TqError("not_found", `Cannot run task ${task.id}, ${callWords(task)}: ${words}`);
}

function resolve(task: ClaimedTask, { registry, policies }: Callables): Call {
  const [model, method] = lookUp(task, registry);
  const instances = decodeColumn(task, "instances", isIds, "an id or a list of ids");
  const args = decodeColumn(
    task,
    "args",
    Array.isArray as (value: unknown) => value is unknown[],
    "a list",
  );
  const policy = policies.of(model, task.method, task.policy);
  return { model, method, instances, args, context: contextOf(task), policy };
}

/** A run adds these to the context of the push. */
const IN_TASK: Context = Object.freeze({ _skip_warnings: true, _check_access: false });

function contextOf(task: ClaimedTask): Context {
  if (task.context === "{}") return IN_TASK;
  return Object.freeze({ ...decodeColumn(task, "context", isObject, "an object"), ...IN_TASK });
}

/** Decodes a column of the row, which may have been damaged by hand. */
function decodeColumn<T>(
  task: ClaimedTask,
  column: "instances" | "args" | "context",
  is: (value: unknown) => value is T,
  expected: string,
): T {
  let value: unknown;
  try {
    value = decode(task[column], column);
  } catch (error) {
    const reason = messageOf(error);
    throw new TqError(
      "invalid",
      `Cannot run task ${task.id}: its ${column} cannot be read: ${reason}`,
    );
  }
  if (is(value)) return value;
  throw new TqError("invalid", `Cannot run task ${task.id}: its ${column} must be ${expected}`);
}

function isIds(value: unknown): value is number | number[] {
  return Number.isSafeInteger(value) || (Array.isArray(value) && value.every(Number.isSafeInteger));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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

/** @returns what the method returns; NOT_CALLED when no record is left */
async function callMethod(
  { model, method, instances, args, policy }: Call,
  records: readonly object[],
  unit: Unit,
): Promise<unknown> {
  const single = typeof instances === "number";
  const isStatic = method.kind === "static";
  // A recurring task may have no instances: a static method then gets an empty list.
  if (records.length === 0 && (single || instances.length > 0 || !isStatic)) return NOT_CALLED;
  if (isStatic && (single || policy.instances !== "one")) {
    const given = single && policy.instances !== "many" ? records[0] : records;
    const answer = method.call.call(model, given, ...args);
    return unit.strict ? allAwaited(answer, unit.strict) : answer;
  }
  let last: unknown;
  for (const record of records) {
    last = await (isStatic
      ? method.call.call(model, record, ...args)
      : method.call.call(record, ...args));
  }
  unit.strict?.checkAwaited();
  return single ? last : undefined;
}
