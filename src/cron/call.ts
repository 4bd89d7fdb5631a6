/** The call that the name of a recurring task's task means. */
import { FUNCTION_METHOD } from "../task.ts";
import type { CronDefinition } from "./definition.ts";

/** The last dot ends the model's name. A name without a dot is a function's. */
export function callOf({ task, instances }: Pick<CronDefinition, "task" | "instances">): {
  model: string;
  method: string;
} {
  const dot = task.lastIndexOf(".");
  const isFunction = dot <= 0 && Array.isArray(instances);
  if (isFunction) return { model: task, method: FUNCTION_METHOD };
  return { model: task.slice(0, dot), method: task.slice(dot + 1) };
}
