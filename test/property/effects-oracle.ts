/** What must come of the programs of effects.test.ts. */
import { ATTEMPTS, type Part, type Program } from "./effects-models.ts";

export const ACCOUNTS = 3;
export const INITIAL = 100;

/** How a task ends. */
export interface Ending {
  readonly state: string;
  readonly failures: number;
  readonly snoozes: number;
}

export class Oracle {
  readonly balances = Array.from({ length: ACCOUNTS }, () => INITIAL);
  readonly stamps: string[] = [];
  readonly endings = new Map<string, Ending>();
  readonly #attempts: number;

  /** @param attempts how many runs of a task may fail; the tasks that it pushes have the attempts of the model. */
  constructor(attempts: number) {
    this.#attempts = attempts;
  }

  /** One task after another; of each what came before it failed or was cancelled. */
  perform({ key, parts }: Program, attempts = this.#attempts): void {
    let [failures, snoozes] = [0, 0];
    const end = (state: string) => void this.endings.set(key, { state, failures, snoozes });
    for (const [place, part] of parts.entries()) {
      if (part.end === "cancel") return end("cancelled");
      if (part.end === "snooze") snoozes += 1;
      if (isFailure(part)) failures += 1;
      if (part.end === "throw" || failures === attempts) return end("failed");
      this.stamps.push(`${key}/${place}`);
      for (const { from, to, amount } of part.moves) {
        // One record twice is one object: what it takes from itself it gives to itself.
        this.balances[from] = (this.balances[from] ?? 0) - amount;
        this.balances[to] = (this.balances[to] ?? 0) + amount;
      }
      for (const push of part.pushes) this.perform(push.task, ATTEMPTS);
    }
    end("finished");
  }
}

function isFailure({ end }: Part): boolean {
  return end === "throw" || end === "stumble" || end === "retry";
}
