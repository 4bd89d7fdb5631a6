/** Errors of the database, not of the method: tried again in place, then later and later. Tryton's rules. */
import type { Outcome } from "../outcome.ts";
import type { ClaimedTask } from "../task.ts";

/** Waits between tries in place: 20, 40, … 100 ms. */
export function waitInPlace(tries: number): number {
  return Math.min(20 * tries, 100);
}

const FIRST_DELAY_MS = 10_000;
const LONGEST_DELAY_MS = 3_600_000;

/** A task that has been put off this often, in the end for an hour each time, fails. */
const MOST_POSTPONED = 20;

/**
 * When to try again after the tries in place: a random part of a delay that doubles from 10 s to 1 h, so that
 * tasks that failed together do not come back together.
 */
export function laterOrNever(
  task: Pick<ClaimedTask, "postponed">,
  outcome: Extract<Outcome, { kind: "retry" }>,
  random: () => number = Math.random,
): Outcome {
  if (task.postponed >= MOST_POSTPONED) return { kind: "failed", error: outcome.error };
  const longest = Math.min(FIRST_DELAY_MS * 2 ** task.postponed, LONGEST_DELAY_MS);
  return { ...outcome, delay: Math.ceil(random() * longest) };
}
