/** Errors of the database, not of the method: tried again in place, then later and later. Tryton's rules. */
import type { Outcome } from "../outcome.ts";
import type { ClaimedTask } from "../task.ts";

/** Waits between tries in place: 20, 40, … 100 ms. */
export function waitInPlace(tries: number): number {
  return Math.min(20 * tries, 100);
}

const FIRST_DELAY = 10_000;
const LONGEST_DELAY = 3_600_000;

/** After so many later tries, hours apart in the end, the task fails. */
const LATER_TRIES = 20;

/**
 * When to try again after the tries in place: a random part of a delay that doubles from 10 s to 1 h, so that
 * tasks that failed together do not come back together.
 */
export function laterOrNever(
  task: ClaimedTask,
  outcome: Extract<Outcome, { kind: "retry" }>,
  random: () => number = Math.random,
): Outcome {
  if (task.attempt > LATER_TRIES) return { kind: "failed", error: outcome.error };
  const longest = Math.min(FIRST_DELAY * 2 ** (task.attempt - 1), LONGEST_DELAY);
  return { ...outcome, delay: Math.ceil(random() * longest) };
}
