/** The task that a slot of a recurring task pushes. */
import { FUNCTION_METHOD, type NewTask } from "../task.ts";
import { encode } from "../values/encoding.ts";
import type { CronDefinition } from "./definition.ts";

/** @param due when it may start: ms since 1970 UTC; at once where that has passed. */
export function taskOfSlot(
  definition: CronDefinition,
  slot: number,
  due: number,
  now: number,
): NewTask {
  const { name, instances, args, queue, priority, user, context, expires, policy } = definition;
  return {
    ...calledBy(definition),
    instances,
    args,
    context: encode({ ...context, cron: { name, slot } }, "context"),
    user,
    queue,
    priority,
    scheduledAt: due > now ? due : null,
    expectedAt: null,
    expiresAt: expires === null ? null : Math.max(due, now) + Math.max(expires, 1),
    ref: null,
    policy,
  };
}

/** The call that a name means: the last dot ends the model's name. A name without a dot is a function's. */
export function calledBy({ task, instances }: Pick<CronDefinition, "task" | "instances">): {
  readonly model: string;
  readonly method: string;
} {
  const dot = task.lastIndexOf(".");
  const isFunction = dot <= 0 && Array.isArray(instances);
  if (isFunction) return { model: task, method: FUNCTION_METHOD };
  return { model: task.slice(0, dot), method: task.slice(dot + 1) };
}
