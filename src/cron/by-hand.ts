/** A recurring task that a person runs now, beside its schedule. */
import { TqError } from "../errors.ts";
import type { CronDefinition } from "./definition.ts";
import type { CronDecision, CronState } from "./ledger.ts";
import { isOwn } from "./own.ts";
import { taskOfSlot } from "./slot-task.ts";

export interface ByHand {
  /** `root@shop` */
  readonly by: string;
  /** True: also where its `overlap` would hold a slot back. */
  readonly force: boolean;
}

/**
 * Decides a slot of now, whatever the schedule and a pause say.
 *
 * @throws TqError "conflict" where the task before has not ended, and its `overlap` keeps two from running at once.
 */
export function runByHand(
  definition: CronDefinition,
  state: CronState,
  now: number,
  { by, force }: ByHand,
): CronDecision {
  const { name, overlap } = definition;
  const { unfinished, taken, row } = state;
  const reason = `run by hand by ${by}`;
  // A recurring task of tq's own pushes no task: a worker begins at once with a slot that waits.
  if (isOwn(name)) {
    const waiting = { slot: now, outcome: "waiting", reason, task: null } as const;
    return { slots: [waiting], decidedUntil: row.decidedUntil };
  }
  if (unfinished !== null && overlap !== "allow" && !force) {
    throw new TqError(
      "conflict",
      `Cannot run ${name} now: its task ${unfinished} has not ended, and its overlap is "${overlap}"; wait for it (tq watch ${unfinished}), or run both with --force`,
    );
  }
  let slot = now;
  // A slot of the schedule must not find its row taken.
  while (taken.has(slot) || definition.schedule.next(slot - 1) === slot) slot++;
  const task = taskOfSlot(definition, slot, now, now);
  const decided = { slot, outcome: "pushed", reason, task } as const;
  return { slots: [decided], decidedUntil: row.decidedUntil };
}
