/** How long a task waits after an error of the database: short waits in place, then growing delays. Tryton's rules. */
import type { Outcome } from "../outcome.ts";
import type { ClaimedTask } from "../task.ts";

/** The ms between two tries in place: 20, 40, … 100. */
export function waitInPlace(tries: number): number {
  return Math.min(20 * tries, 100);
}

const FIRST_DELAY_MS = 10_000;
const LONGEST_DELAY_MS = 3_600_000;

/** A task fails once it was put off this often, in the end for up to an hour each time. */
const MOST_POSTPONED = 20;

/**
 * Puts a task off after its tries in place, for a random part of a delay that doubles from 10 s to 1 h: tasks that
 * failed together do not come back together.
 */
export function laterOrNever(
  task: Pick<ClaimedTask, "postponed">,
  outcome: Extract<Outcome, { kind: "postponed" }>,
  random: () => number = Math.random,
): Outcome {
  if (task.postponed >= MOST_POSTPONED) return { kind: "failed", error: outcome.error };
  const longest = Math.min(FIRST_DELAY_MS * 2 ** task.postponed, LONGEST_DELAY_MS);
  return { ...outcome, delay: Math.ceil(random() * longest) };
}
