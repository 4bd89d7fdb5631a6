/**
 * Tells of pushes that are refused, which fails no task. Where the database cannot keep that, as its disk has no room at
 * all, each worker tells it without the database, and keeps to the least time between two alerts in memory.
 */
import { monotonicNow } from "../../clock.ts";
import { isTqError } from "../../errors.ts";
import type { Report } from "../../log/events.ts";
import type { Store } from "../../store/store.ts";
import { HOUR_MS } from "../../values/duration.ts";
import type { Channel } from "./channels.ts";
import { alertMessage } from "./message.ts";

/** Where alerts fail, the pause grows up to this. */
export const LONGEST_PAUSE_MS = HOUR_MS;

export interface PushTroubleOptions {
  readonly store: Store;
  readonly report: Report;
  readonly channels: readonly Channel[];
  /** The least time between two alerts: ms. */
  readonly every: number;
  readonly signal: AbortSignal;
}

/** When a channel has told such trouble last. */
interface Told {
  /** When it may tell again: monotonic, ms. */
  readonly from: number;
  /** How many alerts have failed one after another. */
  readonly failures: number;
}

export class PushTrouble {
  readonly #options: PushTroubleOptions;
  /** Why pushes were refused at the last look; null: they were not. */
  #last: string | null = null;
  /** The channels that have not told it yet. */
  readonly #waiting = new Map<Channel, string>();
  readonly #told = new Map<Channel, Told>();

  constructor(options: PushTroubleOptions) {
    this.#options = options;
  }

  /** @returns true where the database has something to tell now. */
  async look(): Promise<boolean> {
    const refusal = await this.#refusal();
    if (refusal !== null && this.#last === null) {
      for (const channel of this.#options.channels) this.#waiting.set(channel, refusal);
    }
    this.#last = refusal;
    const [words] = this.#waiting.values();
    if (words === undefined) return false;
    if (this.#mayKeep() && (await this.#isKept(words))) {
      this.#waiting.clear();
      const told = { from: monotonicNow() + this.#options.every, failures: 0 };
      for (const channel of this.#options.channels) this.#told.set(channel, told);
      return true;
    }
    await Promise.all([...this.#waiting].map(([channel, why]) => this.#tell(channel, why)));
    return false;
  }

  async #refusal(): Promise<string | null> {
    try {
      return await this.#options.store.pushRefusal();
    } catch (error) {
      // A lock that another program holds is free again soon, and refuses no push for good.
      return isTqError(error) && error.code === "database" ? error.message : this.#last;
    }
  }

  /** The database tells it to all channels, and does not know which of them has told anything without it. */
  #mayKeep(): boolean {
    const now = monotonicNow();
    return this.#options.channels.every((channel) => {
      const { from, failures } = this.#told.get(channel) ?? { from: now, failures: 0 };
      return this.#waiting.has(channel) && (failures > 0 || from <= now);
    });
  }

  async #isKept(words: string): Promise<boolean> {
    try {
      await this.#options.store.failures.trouble(words);
      return true;
    } catch {
      return false;
    }
  }

  async #tell(channel: Channel, reason: string): Promise<void> {
    const { store, report, every, signal } = this.#options;
    const { from, failures } = this.#told.get(channel) ?? { from: -Infinity, failures: 0 };
    const started = monotonicNow();
    if (started < from || signal.aborted) return;
    const trouble = { task: null, call: "worker", queue: null, attempts: 0, reason };
    const failure = { ...trouble, failedAt: store.now() };
    const message = alertMessage({ database: store.name, failures: [failure], count: 1 });
    const why = await channel.send(message, signal);
    const now = monotonicNow();
    const alert = { channel: channel.name, count: 1, ids: [] };
    if (why === null) {
      this.#waiting.delete(channel);
      this.#told.set(channel, { from: now + every, failures: 0 });
      report({ name: "alert.sent", ...alert, duration: now - started });
      return;
    }
    const delay = Math.min(every * 2 ** (failures + 1), LONGEST_PAUSE_MS);
    this.#told.set(channel, { from: now + delay, failures: failures + 1 });
    report({ name: "alert.failed", ...alert, reason: why, delay });
  }
}
