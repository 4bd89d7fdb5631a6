/**
 * Runs one task up to its outcome: resolves and decodes the call, finds the records, calls. Tryton's `ir.queue` run.
 */
import { decode, encode } from "../values/encoding.ts";
import { isOperational, isTqError, TqError } from "../errors.ts";
import { type ModelClass, type ModelMethod, requireMethod } from "../registry/model-class.ts";
import { policyOf } from "../registry/policies.ts";
import type { Registry } from "../registry/registry.ts";
import { Transaction, type Context } from "../transaction/transaction.ts";
import type { Unit } from "../transaction/unit.ts";
import { type Outcome, toErrorData } from "../outcome.ts";
import type { ClaimedTask } from "../task.ts";
import { type CurrentTask, withTask } from "../transaction/current-task.ts";

/** A result with more characters of JSON is replaced by a note. */
const RESULT_CHARACTERS = 10_000;

/** The call of a task, or the outcome of a task that cannot be called. */
export type Prepared = Call | Outcome;

/** Finds the task's method and decodes its call, without the database. Never throws. */
export function prepare(task: ClaimedTask, registry: Registry): Prepared {
  try {
    return resolve(task, registry);
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
  return isCall(prepared) && prepared.outside;
}

/** Runs the task's method inside this unit of work. Never throws: an error becomes the outcome. */
export async function run(task: ClaimedTask, prepared: Prepared, unit: Unit): Promise<Outcome> {
  if (!isCall(prepared)) return prepared;
  try {
    const transaction = new Transaction(unit, task.user, prepared.context);
    const value = await withTask(describe(task, prepared), unit, () =>
      prepared.outside ? callOutside(prepared) : transaction.run(() => callInside(prepared)),
    );
    const pending = unit.pendingDone();
    if (pending) await pending;
    if (value === NOT_CALLED) return { kind: "finished", result: null, reason: WHY_NOT_CALLED };
    return { kind: "finished", result: toResult(value), reason: null };
  } catch (error) {
    // Stale: another transaction had changed a record that it wrote to.
    if (unit.stale || isOperational(error))
      return { kind: "retry", delay: 0, error: toErrorData(error) }; // the caller sets the delay
    return { kind: "failed", error: toErrorData(error) };
  }
}

async function callInside(call: Call): Promise<unknown> {
  return callMethod(call, await findRecords(call));
}

/** Reads the records in a short transaction, which has the task's user and context; the method then runs in none. */
async function callOutside(call: Call): Promise<unknown> {
  const records = await Transaction.start({}, () => findRecords(call));
  return callMethod(call, records);
}

function describe(task: ClaimedTask, { context }: Call): CurrentTask {
  const { id, attempt, model, method, queue, user } = task;
  return { id, attempt, model, method, queue, user, context };
}

interface Call {
  readonly model: ModelClass;
  readonly method: ModelMethod;
  readonly instances: number | readonly number[];
  readonly args: readonly unknown[];
  readonly context: Context;
  readonly outside: boolean;
}

/** A command that pushes loads the models anew, a worker has those of its start. */
const IF_NEW = "(if it is new, start the worker again)";

function lookUp(task: ClaimedTask, registry: Registry): readonly [ModelClass, ModelMethod] {
  try {
    const model = registry.require(task.model, `run task ${task.id}`);
    return [model, requireMethod(model, task.method, `run task ${task.id},`)];
  } catch (cause) {
    if (!isTqError(cause) || cause.code !== "not_found") throw cause;
    throw new TqError("not_found", `${cause.message} ${IF_NEW}`, { cause });
  }
}

function resolve(task: ClaimedTask, registry: Registry): Call {
  const [model, method] = lookUp(task, registry);
  const instances = decodeColumn(task, "instances", isIds, "an id or a list of ids");
  const args = decodeColumn(
    task,
    "args",
    Array.isArray as (value: unknown) => value is unknown[],
    "a list",
  );
  const outside = policyOf(model, task.method).transaction === false;
  return { model, method, instances, args, context: contextOf(task), outside };
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
    const reason = error instanceof Error ? error.message : String(error);
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

const WHY_NOT_CALLED = "the method was not called: none of its records exists";

/** @returns what the method returns; NOT_CALLED when no record is left */
async function callMethod(
  { model, method, instances, args }: Call,
  records: readonly object[],
): Promise<unknown> {
  if (records.length === 0) return NOT_CALLED;
  const single = typeof instances === "number";
  if (method.kind === "static") {
    return method.call.call(model, single ? records[0] : records, ...args);
  }
  let last: unknown;
  for (const record of records) last = await method.call.call(record, ...args);
  return single ? last : undefined;
}

/** A result is kept for people to read, so one that JSON cannot carry does not fail the task. */
function toResult(value: unknown): string | null {
  if (value === undefined) return null;
  try {
    const text = encode(value, "result");
    if (text.length <= RESULT_CHARACTERS) return text;
    return JSON.stringify(`(a result of ${text.length} characters is not kept)`);
  } catch {
    return null;
  }
}
