/** The tasks that were pushed to a test queue, and which of them match. */
import { TqError } from "../errors.ts";
import { inspected, quote } from "../quote.ts";
import { isFunction, modelOf, requireMethod } from "../registry/model-class.ts";
import type { ReadFilter } from "../store/looking.ts";
import type { Store } from "../store/store.ts";
import { calledMethod, type Task } from "../task.ts";
import { decode } from "../values/encoding.ts";
import type { PushedMatch, PushedTask } from "./types.ts";

/** Which of the pushed tasks are wanted; null: all that fit the rest. */
interface Wanted {
  readonly model: string | null;
  readonly method: string | null;
  readonly match: PushedMatch;
}

/** Reads what `pushed` was called with. */
export function readWanted(model: unknown, rest: readonly unknown[]): Wanted {
  if (model === undefined) return { model: null, method: null, match: {} };
  const known = modelOf(model);
  if (!known && typeof model !== "string") {
    const what = `${inspected(model)} is no model, no function of task(), and no name of one`;
    throw refused(what);
  }
  const name = known?.__name__ ?? (model as string);
  const takesMethod = !(known && isFunction(known));
  const [method, match = {}] = takesMethod ? rest : [undefined, ...rest];
  if (method !== undefined && typeof method !== "string") {
    throw refused(`${inspected(method)} is no name of a method`);
  }
  if (known && method !== undefined) requireMethod(known, method, "show the pushed tasks of");
  if (typeof match !== "object" || match === null) {
    throw refused(`${quote(match)} is nothing to match, such as { instances: 7 }`);
  }
  return { model: name, method: method ?? null, match };
}

/** The tasks that wait and have not run, the first one first. */
export async function waiting(store: Store, wanted: Wanted): Promise<PushedTask[]> {
  const filter: ReadFilter = { states: ["ready", "scheduled"] };
  const tasks = await store.list(
    wanted.model === null ? filter : { ...filter, model: wanted.model },
  );
  const isMeant = (task: Task) =>
    task.attempts === 0 && (wanted.method === null || wanted.method === calledMethod(task));
  return tasks
    .toReversed()
    .filter(isMeant)
    .map(toPushed)
    .filter((task) => matches(task, wanted.match));
}

/** All tasks above this id, in any state. */
export async function pushedSince(store: Store, id: number): Promise<PushedTask[]> {
  const tasks = await store.list();
  return tasks
    .filter((task) => task.id > id)
    .toReversed()
    .map(toPushed);
}

function toPushed({ args, context, ...task }: Task): PushedTask {
  const decoded = (value: unknown, what: string) =>
    decode(JSON.stringify(value), `the ${what} of task ${task.id}`);
  return {
    ...task,
    args: decoded(args, "args") as unknown[],
    context: decoded(context, "context") as Record<string, unknown>,
  };
}

function matches(task: PushedTask, match: PushedMatch): boolean {
  return Object.entries(match).every(([key, value]) => {
    if (!Object.hasOwn(task, key)) throw refused(`a task has no ${key}`);
    return Bun.deepEquals(task[key as keyof PushedTask], value);
  });
}

function refused(why: string): TqError {
  return new TqError("invalid", `Cannot show what was pushed: ${why}`);
}
