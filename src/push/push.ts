/** The low-level push: for a model that another process has. Nothing is checked but the form. */
import { encode } from "../values/encoding.ts";
import { isTqError, TqError } from "../errors.ts";
import { kindWords, quote } from "../quote.ts";
import { nameHint } from "../policies/other-names.ts";
import { FUNCTION_METHOD, type NewTask, NO_INSTANCES } from "../task.ts";
import { checkContext } from "../transaction/transaction.ts";
import { refuseBatchOfFunction, toTasks } from "./division.ts";
import { toIds } from "./instances.ts";
import type { Basis } from "../values/option-kinds.ts";
import { readOptions, splitContext, steeringProblem } from "./placement.ts";
import { basisOf, encodeArgs, type Pusher, storeTasks } from "./store-tasks.ts";
import { CALL, OPTIONS_BY_KEY, type PushOptions } from "./task-options.ts";

/**
 * Stores one call in the current transaction, or in one of its own; durable when it resolves outside a
 * transaction. Whether the method exists shows when it runs.
 *
 * @returns the ids of the tasks: one, or one a batch.
 * @throws TqError "invalid" for what cannot be stored, "conflict" when the ref is taken.
 * @example await push({ model: "sale", method: "process", instances: [7], scheduledAt: "PT5M" });
 * @example await push({ model: "thumbnail", args: ["a.png", 200] }); // a function
 */
export function push(options: PushOptions): Promise<number[]> {
  return pushMany([options]);
}

/** Stores many calls in one transaction: all or none. @returns the ids of all tasks, in order. */
export function pushMany(list: readonly PushOptions[]): Promise<number[]> {
  return storeTasks((pusher) => {
    if (!Array.isArray(list)) throw refused(`${quote(list)} is not a list of calls`);
    const calls = list as readonly PushOptions[];
    const basis = basisOf(pusher);
    const shared = { pusher, basis, context: onceEncoded(pusher.context, basis) };
    const tasks = calls.flatMap((options, index) =>
      calls.length === 1 ? tasksOf(options, shared) : tasksAt(index, options, shared),
    );
    return { tasks, result: (ids) => ids };
  });
}

/** The things that all calls of a push share. */
interface Surroundings {
  readonly pusher: Pusher;
  readonly basis: Basis;
  /** The pusher's context, as it is stored. */
  readonly context: () => string;
}

function onceEncoded(context: Pusher["context"], basis: Basis): () => string {
  let text: string | null = null;
  return () => (text ??= encodeContext(context, basis));
}

function encodeContext(context: Pusher["context"], basis: Basis): string {
  return encode(splitContext(context, basis).stored, "context");
}

/** An error of one of many calls says which. */
function tasksAt(index: number, options: PushOptions, shared: Surroundings): NewTask[] {
  try {
    return tasksOf(options, shared);
  } catch (error) {
    if (!isTqError(error)) throw error;
    throw new TqError(error.code, `In call [${index}]: ${error.message}`, { cause: error });
  }
}

function tasksOf(options: PushOptions, shared: Surroundings): NewTask[] {
  const { pusher, basis } = shared;
  if (typeof options !== "object" || options === null) {
    throw refused(`${quote(options)} is not a call: give { model, method, instances }`);
  }
  const given = options as unknown as Readonly<Record<string, unknown>>;
  const { columns, batch } = readOptions(given, OPTIONS_BY_KEY, basis, checkKey);
  const { args = [], context, user, instances } = options;
  const model = CALL.model.kind.read(options.model, "Cannot push: model");
  const isFunction = (options.method ?? options.instances ?? null) === null;
  const method = isFunction
    ? FUNCTION_METHOD
    : CALL.method.kind.read(options.method, "Cannot push: method");
  if (!Array.isArray(args)) throw refused(`args cannot be ${kindWords(args)}; give a list`);
  if (context !== undefined) checkOwnContext(context);
  const common = {
    model,
    method,
    user: user === undefined ? pusher.user : CALL.user.kind.read(user, "Cannot push: user"),
    args: encodeArgs(args, "args"),
    context: context === undefined ? shared.context() : encodeContext(context, basis),
    ...columns,
  };
  if (isFunction) {
    refuseBatchOfFunction(options.batch);
    return [{ ...common, instances: NO_INSTANCES }];
  }
  return toTasks(common, toIds(instances, { model, method }), batch);
}

/** Without kwargs: in TypeScript an object of named arguments is one of the args. */
const CALL_KEYS = Object.keys(CALL).filter((key) => key !== "kwargs");

function checkKey(key: string, value: unknown): void {
  if (CALL_KEYS.includes(key)) return;
  const near = nameHint(key, [...CALL_KEYS, ...OPTIONS_BY_KEY.keys()], value);
  throw refused(`${key} is not an option${near}`);
}

/** A context that is given takes no part in placing the task: its options stand beside it. */
function checkOwnContext(context: unknown): void {
  checkContext(context);
  for (const key of Object.keys(context as object)) {
    const problem = steeringProblem(key, ({ key }) => `the option "${key}"`);
    if (problem !== undefined) throw refused(`context: ${problem}`);
  }
}

function refused(why: string): TqError {
  return new TqError("invalid", `Cannot push: ${why}`);
}
