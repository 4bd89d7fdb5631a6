/** `tasks.why`: what a task is doing, or why it does not run, for programs. */
import type { Runtime } from "../../transaction/runtime.ts";
import { runsHere } from "../../transaction/transaction.ts";
import { hasEnded } from "../end.ts";
import { onDisk } from "../on-disk.ts";
import { readId } from "../wait-options.ts";
import type { Why } from "./explanation.ts";
import { policyFacts } from "./policy-facts.ts";
import { whyOf } from "./why.ts";

/** @returns null where there is no such task. */
export async function whyTask(of: Runtime, given: number): Promise<Why | null> {
  const situation = await of.store.situation({ id: readId(given, "explain") });
  if (situation === null) return null;
  if (hasEnded(situation.task)) await onDisk(of.store);
  const mode = (await runsHere(of)) ? "no worker" : "worker";
  const policy = policyFacts(of.registry, of.config.tasks, situation.task);
  return whyOf(situation, { mode, policy });
}
