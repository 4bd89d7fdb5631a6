/** The call that the name of a recurring task's task means. */
import { callName, FUNCTION_METHOD } from "../task.ts";
import type { CronDefinition } from "./definition.ts";

type Called = Pick<CronDefinition, "task" | "instances">;

/** The last dot ends the model's name. A name without a dot is a function's. */
export function callOf({ task, instances }: Called): {
  model: string;
  method: string;
} {
  const dot = task.lastIndexOf(".");
  const isFunction = dot <= 0 && Array.isArray(instances);
  if (isFunction) return { model: task, method: FUNCTION_METHOD };
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
  if (!Array.isArray(called.instances) || called.instances.length > 0) return null;
  return onRecords.includes(name)
    ? `${name} is called on records; say their ids as instances`
    : null;
}
