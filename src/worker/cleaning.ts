/** Deletes tasks that ended long ago, in slices, so that tasks can write in between. */
import { monotonicNow, setTimeout } from "../clock.ts";
import type { Config } from "../settings/config.ts";
import { retention } from "../settings/retention.ts";
import type { Store } from "../store/store.ts";
import { CleaningClock } from "./cleaning-clock.ts";
import type { OwnWork } from "./own-work.ts";

/** Tasks deleted in one transaction. */
const DELETED_AT_ONCE = 500;

/** The pause between two slices, in which tasks can write. */
export const PAUSE_MS = 50;

export class Cleaning implements OwnWork {
  readonly verb = "clean";
  readonly #store: Store;
  readonly #config: Config;
  readonly #clock: CleaningClock;
  readonly #tidy: () => Promise<boolean>;
  #stopped = false;
  #isBusy = false;

  /** @param tidy gives back the room of what a slice has deleted; true: there is more. */
  constructor(store: Store, config: Config, tidy: () => Promise<boolean>) {
    this.#store = store;
    this.#config = config;
    this.#tidy = tidy;
    this.#clock = new CleaningClock({
      now: () => store.now(),
      monotonic: () => monotonicNow(),
    });
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  stop(): void {
    this.#stopped = true;
  }

  /** @returns what it has done, for people. */
  async run(): Promise<string> {
    this.#isBusy = true;
    this.#stopped = false;
    try {
      const deleted = await this.#deleteAll();
      const words = `deleted ${deleted === 1 ? "1 task" : `${deleted} tasks`}`;
      return this.#stopped ? `${words}; the worker stopped before the rest` : words;
    } finally {
      this.#isBusy = false;
    }
  }

  async #deleteAll(): Promise<number> {
    let total = 0;
    for (let more = true; more && !this.#stopped;) {
      const limits = retention(this.#config, this.#clock.now());
      const deleted = await this.#store.clean({ ...limits, limit: DELETED_AT_ONCE });
      total += deleted;
      const hasSlack = deleted > 0 && (await this.#tidy());
      const hasMinutes = await this.#store.statistics.tidy(this.#clock.now());
      await this.#store.tokens.tidy(this.#clock.now());
      const hasKeys = await this.#store.pushKeys.tidy(this.#clock.now());
      more = deleted === DELETED_AT_ONCE || hasSlack || hasMinutes || hasKeys;
      if (more) await pause(PAUSE_MS);
    }
    return total;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
