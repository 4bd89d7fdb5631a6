/** `tasks.why`: what a task is doing, or why it does not run, for programs. */
import { Policies } from "../../registry/policies.ts";
import type { Task } from "../../task.ts";
import type { Runtime } from "../../transaction/runtime.ts";
import { hasEnded } from "../end.ts";
import { onDisk } from "../on-disk.ts";
import { readId } from "../wait-options.ts";
import type { Why } from "./explanation.ts";
import { whyOf } from "./why.ts";

/** @returns null where there is no such task. */
export async function whyTask(of: Runtime, given: number): Promise<Why | null> {
  const situation = await of.store.situation({ id: readId(given, "explain") });
  if (situation === null) return null;
  if (hasEnded(situation.task)) await onDisk(of.store);
  const mode = of.config.queue.worker ? "worker" : "no worker";
  return whyOf(situation, { mode, attempts: attemptsOf(of, situation.task) });
}

/** The attempts that its policy allows; null where this program does not have its model. */
function attemptsOf({ registry, config }: Runtime, { model, method, policy }: Task): number | null {
  const found = registry.get(model);
  if (found === undefined) return null;
  const pushed = policy === null ? null : JSON.stringify(policy);
  return new Policies(config.tasks).of(found, method, pushed).attempts;
}
