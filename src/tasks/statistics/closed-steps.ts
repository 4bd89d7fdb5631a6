/** Remembers the steps of charts that are over: a page that is drawn again and again reads only what is new. */
import type { RunSummary } from "../../statistics/summary.ts";
import { MINUTE_MS } from "../../values/duration.ts";

/** Workers write a minute soon after its end; one that waits for the lock, later. */
const SETTLED_MS = 5 * MINUTE_MS;

/** Some 3 MB. */
const MOST_STEPS = 5_000;

export class ClosedSteps {
  readonly #steps = new Map<string, RunSummary>();

  /** @param of what the chart shows. @param at the start of the step. */
  get(of: string, at: number): RunSummary | undefined {
    return this.#steps.get(`${of} ${at}`);
  }

  /** Keeps a step that is over, and which no worker writes to any more. @param end of the step. */
  keep(of: string, at: number, end: number, now: number, summary: RunSummary): void {
    if (end > now - SETTLED_MS) return;
    this.#steps.set(`${of} ${at}`, summary);
    if (this.#steps.size <= MOST_STEPS) return;
    const [oldest = ""] = this.#steps.keys();
    this.#steps.delete(oldest);
  }
}
