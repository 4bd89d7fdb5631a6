/** The answers of the server that a session waits for. */
import { monotonicNow } from "../clock.ts";

export class Answers {
  /** How many have come; those that were under way at the same time count as one. */
  count = 0;
  /** The ms for which at least one was under way. */
  ms = 0;
  readonly #pending = new Set<Promise<unknown>>();
  #since = 0;

  /** Settles with the first that is under way; null: none is. */
  get first(): Promise<unknown> | null {
    return this.#pending.values().next().value ?? null;
  }

  /** Notes that this answer is under way. */
  await<T>(answer: Promise<T>): Promise<T> {
    if (this.#pending.size === 0) this.#since = monotonicNow();
    this.#pending.add(answer);
    const end = () => {
      this.#pending.delete(answer);
      if (this.#pending.size > 0) return;
      this.count += 1;
      this.ms += monotonicNow() - this.#since;
    };
    answer.then(end, end);
    return answer;
  }
}
