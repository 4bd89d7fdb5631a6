/** Waits for a run for as long as the run waits for the store alone. */
import { drainMicrotasks } from "bun:jsc";
import type { Outcome } from "../outcome.ts";
import type { Soon } from "../soon.ts";
import type { Unit } from "../transaction/unit.ts";

/** Resolves when the run has settled, or waits for something other than the store. On SQLite it returns at once. */
export function attend(outcome: Promise<Outcome>, unit: Unit): Soon<void> {
  const answer = answerFor(outcome, unit);
  if (answer !== null) return attendAnswers(outcome, unit, answer);
}

async function attendAnswers(
  outcome: Promise<Outcome>,
  unit: Unit,
  first: Promise<unknown>,
): Promise<void> {
  for (let answer: Promise<unknown> | null = first; answer; answer = answerFor(outcome, unit)) {
    await answer.catch(() => undefined); // the run has the error too
    drainMicrotasks();
  }
}

/** The answer of the store that the run waits for; null: none. */
function answerFor(outcome: Promise<Outcome>, unit: Unit): Promise<unknown> | null {
  return Bun.peek.status(outcome) === "pending" ? unit.pendingAnswer : null;
}
