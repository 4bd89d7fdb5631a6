/** The task that a slot of a recurring task pushes. */
import type { NewTask } from "../task.ts";
import { encode } from "../values/encoding.ts";
import { callOf } from "./call.ts";
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
    ...callOf(definition),
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
