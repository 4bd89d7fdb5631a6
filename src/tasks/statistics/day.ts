/** The runs of each method in the last day. Pages ask for them again and again, so that they are kept for a while. */
import type { RunSummary } from "../../statistics/summary.ts";
import type { Store } from "../../store/store.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../values/duration.ts";
import { groupStatistics } from "./groups.ts";

/** A page is fetched anew at most so often. */
const LEAST_MS = SECOND_MS;

/** Reading takes at most one of so many parts of the time. */
const SHARE = 50;

export class LastDay {
  readonly #store: Store;
  #kept: { readonly at: number; readonly found: Promise<Map<string, RunSummary>> } | null = null;
  /** How long those that were found last may be shown. */
  #keepFor = LEAST_MS;

  constructor(store: Store) {
    this.#store = store;
  }

  /** By the JSON of the model and the method. */
  async #all(): Promise<Map<string, RunSummary>> {
    const now = this.#store.now();
    if (this.#kept === null || Math.abs(now - this.#kept.at) >= this.#keepFor) {
      this.#kept = { at: now, found: this.#read() };
    }
    try {
      return await this.#kept.found;
    } catch (error) {
      this.#kept = null;
      throw error;
    }
  }

  async #read(): Promise<Map<string, RunSummary>> {
    const began = performance.now();
    const { groups } = await groupStatistics(this.#store, {
      queue: undefined,
      by: "task",
      length: DAY_MS,
    });
    this.#keepFor = Math.min(MINUTE_MS, Math.max(LEAST_MS, (performance.now() - began) * SHARE));
    return new Map(groups.map((group) => [keyOf(group.model, group.method), group]));
  }

  /** @returns a look-up by model and method; undefined: no run has ended. */
  async byMethod(): Promise<(model: string, method: string) => RunSummary | undefined> {
    const all = await this.#all();
    return (model, method) => all.get(keyOf(model, method));
  }
}

function keyOf(model: string | undefined, method: string | undefined): string {
  return JSON.stringify([model, method]);
}
