/** The call that the name of a recurring task's task means. */
import { callName, FUNCTION_METHOD } from "../task.ts";
import type { CronDefinition } from "./definition.ts";

type Called = Pick<CronDefinition, "task" | "instances">;

/** The last dot ends the model's name. A name without a dot is a function's. */
export function callOf({ task }: Pick<Called, "task">): {
  model: string;
  method: string;
} {
  const dot = task.lastIndexOf(".");
  if (dot <= 0) return { model: task, method: FUNCTION_METHOD };
  return { model: task.slice(0, dot), method: task.slice(dot + 1) };
}

/**
 * Says that a recurring task calls a method on no records, which does nothing; null: it does not.
 *
 * @param onRecords the methods that are called on records, such as "invoice.send"
 */
export function noRecordsWords(called: Called, onRecords: readonly string[]): string | null {
  const { model, method } = callOf(called);
  const name = callName(model, method);
  if (hasInstances(called)) return null;
  return onRecords.includes(name)
    ? `${name} is called on records; say their ids as instances`
    : null;
}

/** Says that a recurring task calls a function on records, which fails; null: it does not. */
export function recordsOfFunctionWords(called: Called): string | null {
  const { model, method } = callOf(called);
  if (method !== FUNCTION_METHOD || !hasInstances(called)) return null;
  return `${model} is a function, which is called on no records; say no instances, or [] in their place`;
}

function hasInstances({ instances }: Called): boolean {
  return !Array.isArray(instances) || instances.length > 0;
}
