/** The runs of each method in the last day, read at most once a minute: the pages ask for them again and again. */
import type { RunSummary } from "../../statistics/summary.ts";
import type { Store } from "../../store/store.ts";
import { DAY_MS, MINUTE_MS } from "../../values/duration.ts";
import { groupStatistics } from "./groups.ts";

export class LastDay {
  readonly #store: Store;
  #kept: { readonly at: number; readonly found: Promise<Map<string, RunSummary>> } | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  /** By the JSON of the model and the method. */
  async #all(): Promise<Map<string, RunSummary>> {
    const now = this.#store.now();
    if (this.#kept === null || Math.abs(now - this.#kept.at) >= MINUTE_MS) {
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
    const { groups } = await groupStatistics(this.#store, {
      queue: undefined,
      by: "task",
      length: DAY_MS,
    });
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
