/** The signs that an idle worker's look tells besides, so that it sends no other statements while nothing changes. */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import type { Look } from "../store/looking.ts";
import { ANSWERED_MS, SIGNS_MS } from "./rhythm.ts";
import type { Seen, Signs } from "./sql/ready-count.ts";

type CountsVersion = Signs["countsVersion"];

export class KnownSigns {
  #signs: Signs | null = null;
  #isCalm = false;
  #isAnyEnd = true;
  #seenAt = -Infinity;
  #toldAt = -Infinity;
  /** Resolves with the version of the counts; null: nobody waits for it. */
  #counts: PromiseWithResolvers<CountsVersion> | null = null;

  /** True where the next look is to tell them. */
  get isWanted(): boolean {
    return monotonicNow() - this.#toldAt >= SIGNS_MS;
  }

  /** True where somebody waits for the version of the counts. */
  get wantsCounts(): boolean {
    return this.#counts !== null;
  }

  /** The version of the counts, as the next look tells it. @param ask is called where none comes soon */
  async countsVersion(ask: () => Promise<CountsVersion>): Promise<CountsVersion> {
    const { promise } = (this.#counts ??= Promise.withResolvers());
    const timer = setTimeout(() => this.#counts?.resolve(ask()), ANSWERED_MS).unref();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#counts = null;
    }
  }

  /** @param hasCounts true: the version of the counts was asked for. */
  tell(signs: Signs, { othersHoldTasks }: Look, hasCounts: boolean): void {
    if (hasCounts) this.#counts?.resolve(signs.countsVersion);
    this.#signs = signs;
    this.#isCalm = !othersHoldTasks;
    this.#toldAt = monotonicNow();
  }

  /** The version of the recurring tasks; null: it must be asked for. */
  get cronVersion(): string | null {
    return this.#fresh?.cronVersion ?? null;
  }

  /** Notes what any look has seen. */
  see({ isAnyEnd, look }: Seen): void {
    this.#isAnyEnd = isAnyEnd;
    this.#isCalm &&= !look.othersHoldTasks;
    this.#seenAt = monotonicNow();
  }

  /** False where no webhook has an end to tell. */
  get mayHaveEnds(): boolean {
    return this.#isAnyEnd || monotonicNow() - this.#seenAt >= ANSWERED_MS;
  }

  /** True where no worker is dead; one that held tasks would be found sooner. */
  get areAllAlive(): boolean {
    return this.#isCalm && this.#fresh?.isAnyLifeless === false;
  }

  get #fresh(): Signs | null {
    return monotonicNow() - this.#toldAt < ANSWERED_MS ? this.#signs : null;
  }
}
