/** Finds the method of a task, and decodes its call. */
import { functionWords, modelWords } from "../catalog.ts";
import { type ErrorCode, isTqError, messageOf, TqError } from "../errors.ts";
import { type Outcome, toErrorData } from "../outcome.ts";
import type { Policy } from "../policies/table.ts";
import {
  isFunction,
  methodNames,
  methodOf,
  type ModelClass,
  type ModelMethod,
  requireMethod,
} from "../registry/model-class.ts";
import { LONGEST_WAIT_MS, WAITS_FOR_MODELS } from "../store/waiting-for-models.ts";
import { callWords, type ClaimedTask, isFunctionCall } from "../task.ts";
import type { Context } from "../transaction/transaction.ts";
import { decode } from "../values/encoding.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";

/** The call of a task, or the outcome of a task that cannot be called. */
export type Prepared = Call | Outcome;

/** The methods that a thread can call, and how it runs them. */
export type Callables = Pick<
  ThreadRuntime,
  "registry" | "policies" | "leaveToNewer" | "newerOnDisk"
>;

const MISSING: ErrorCode = "not_found";

/** Finds the task's method and decodes its call, without the database. Never throws. */
export function prepare(task: ClaimedTask, thread: Callables): Prepared {
  try {
    return resolve(task, thread);
  } catch (error) {
    const isMissing = isTqError(error) && error.code === MISSING;
    return (isMissing && putBack(task, thread)) || { kind: "failed", error: toErrorData(error) };
  }
}

/** The waits for models that are on the disk, and that a worker has not loaded: they double. */
const FIRST_WAIT_MS = 500;

/** The waits for another worker, which may claim the task at any of them. */
const FIRST_WAIT_FOR_OTHER_MS = 100;

function waitBefore({ attempt }: ClaimedTask, first: number): number {
  return Math.min(first * 2 ** Math.min(attempt - 1, 10), LONGEST_WAIT_MS);
}

/** Leaves a task to models that may have its method; null: there are none. */
function putBack(task: ClaimedTask, thread: Callables): Outcome | null {
  if (thread.leaveToNewer?.()) {
    const reason = "its thread has older models, and leaves it to a newer one";
    return { kind: "interrupted", reason };
  }
  const difference = thread.newerOnDisk?.() ?? null;
  if (difference === null) return null;
  const delay = waitBefore(task, FIRST_WAIT_MS);
  const reason = `${difference}, and the models that its worker has loaded lack its method: ${WAITS_FOR_MODELS}`;
  return { kind: "snoozed", delay, reason };
}

/** The outcome of a task that cannot be called: one whose method another live worker has is left to that. */
export async function uncalled(
  task: ClaimedTask,
  outcome: Outcome,
  otherWorker: ThreadRuntime["otherWorker"],
): Promise<Outcome> {
  if (outcome.kind !== "failed" || outcome.error.code !== MISSING) return outcome;
  const other = (await otherWorker?.(task)) ?? null;
  if (other === null) return outcome;
  const reason = `the models of the worker that claimed it lack its method: it waits for worker ${other}, which has it`;
  return { kind: "snoozed", delay: waitBefore(task, FIRST_WAIT_FOR_OTHER_MS), reason };
}

/** False for a task that cannot be called: its outcome says nothing about the method. */
export function isCall(prepared: Prepared): prepared is Call {
  return !("kind" in prepared);
}

/** True for a method that runs outside any transaction. */
export function isOutside(prepared: Prepared): boolean {
  return isCall(prepared) && !prepared.policy.transaction;
}

/** The call of a task, found and decoded. */
export interface Call {
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
  const model = registry.get(task.model);
  const method = model && methodOf(model, task.method);
  if (method && isFunction(model) === isFunctionCall(task)) return [model, method];
  throw refusal(task, registry);
}

/** Says why no method here can run the task. */
function refusal(task: ClaimedTask, registry: Callables["registry"]): unknown {
  try {
    const kind = isFunctionCall(task) ? "function" : "model";
    const model = registry.require(task.model, `run task ${task.id}`, kind);
    checkForm(task, model);
    return requireMethod(model, task.method, `run task ${task.id},`);
  } catch (cause) {
    if (!isTqError(cause) || cause.code !== "not_found") return cause;
    return new TqError("not_found", `${cause.message} (${registry.ifMissing})`, { cause });
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

const NO_ARGS: readonly unknown[] = [];

function resolve(task: ClaimedTask, { registry, policies }: Callables): Call {
  const [model, method] = lookUp(task, registry);
  const instances = decodeColumn(task, "instances", isIds, "an id or a list of ids");
  const args = task.args === "[]" ? NO_ARGS : decodeColumn(task, "args", isList, "a list");
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

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
