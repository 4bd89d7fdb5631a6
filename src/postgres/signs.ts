/** The look of an idle worker tells this besides: it sends no other statements while nothing changes. */
import { monotonicNow } from "../clock.ts";
import type { Look } from "../store/looking.ts";
import type { Signs } from "./sql/ready-count.ts";

/** A look that comes sooner after one that told them is without them: ms. */
const OFTEN_MS = 1_500;

/** Signs count for so long: the next look of an idle worker comes before that: ms. */
const FRESH_MS = 2_500;

export class KnownSigns {
  #signs: Signs | null = null;
  #isCalm = false;
  #toldAt = -Infinity;

  /** True where the next look is to tell them. */
  get isWanted(): boolean {
    return monotonicNow() - this.#toldAt >= OFTEN_MS;
  }

  tell(signs: Signs, { othersHoldTasks }: Look): void {
    this.#signs = signs;
    this.#isCalm = !othersHoldTasks;
    this.#toldAt = monotonicNow();
  }

  /** That of the recurring tasks; null: it must be asked for. */
  get cronVersion(): string | null {
    return this.#fresh?.cronVersion ?? null;
  }

  /** True where no worker is dead; one that held tasks would be found sooner. */
  get areAllAlive(): boolean {
    return this.#isCalm && this.#fresh?.isAnyLifeless === false;
  }

  get #fresh(): Signs | null {
    return monotonicNow() - this.#toldAt < FRESH_MS ? this.#signs : null;
  }
}
