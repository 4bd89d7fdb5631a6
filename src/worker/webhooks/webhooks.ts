/** Follows the ends of tasks for the webhooks of the settings. Every worker looks; the database says what was told. */
import { monotonicNow, sleepUnless } from "../../clock.ts";
import type { ModelCatalog } from "../../catalog.ts";
import type { Config } from "../../settings/config.ts";
import { signingKey } from "../../settings/webhook-sections.ts";
import { messageOf } from "../../errors.ts";
import type { Report } from "../../log/events.ts";
import { LastingNote } from "../../log/lasting-note.ts";
import type { WebhookFollow } from "../../store/webhook-store.ts";
import type { Store } from "../../store/store.ts";
import { SECOND_MS } from "../../values/duration.ts";
import { unknownNames } from "../unknown-names.ts";
import { definitionOf, followsOf } from "./definitions.ts";

/** It looks this often without a commit: for times that have come, and for a clock that was set. */
const LOOK_MS = 10 * SECOND_MS;

/** It rests after each look: this long, and so many times as long as the look took. */
const REST_MS = 200;
const REST_TIMES = 10;

export interface WebhooksOptions {
  readonly config: Config;
  readonly store: Store;
  readonly report: Report;
}

export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #follows: readonly WebhookFollow[];
  readonly #stop = new AbortController();
  readonly #trouble: LastingNote;
  #running: Promise<void> = Promise.resolve();

  constructor(options: WebhooksOptions) {
    this.#options = options;
    this.#follows = followsOf(options.config);
    this.#trouble = new LastingNote(options.report);
  }

  /** Ends count from here on, if none were followed before. Without webhooks, those that its file had are dropped. */
  async watch(): Promise<void> {
    const { store, config } = this.#options;
    await store.webhooks.watch(config.file ?? "", config.webhooks.map(definitionOf));
  }

  /** A sentence for each secret that cannot be read, and for each name in the settings that fits nothing. */
  async problems(catalog: ModelCatalog): Promise<string[]> {
    const { config, store } = this.#options;
    const sections = config.webhooks.map(({ queues, tasks }, at) => {
      return { section: `[[webhook]] ${at + 1}`, queues, tasks };
    });
    const unknown = await unknownNames(sections, { config, catalog, store }).catch(() => []); // a warning is not worth the start
    return [...this.#unreadSecrets(), ...unknown];
  }

  #unreadSecrets(): string[] {
    return this.#options.config.webhooks.flatMap((webhook) => {
      try {
        signingKey(webhook);
        return [];
      } catch (error) {
        return [messageOf(error)];
      }
    });
  }

  start(): void {
    if (this.#follows.length > 0) this.#running = this.#run();
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Tells all that has ended. @returns true where that pushed tasks */
  async catchUp(): Promise<boolean> {
    let pushed = 0;
    for (const follow of this.#follows) {
      for (let isMore = true; isMore && !this.#stop.signal.aborted;) {
        const followed = await this.#options.store.webhooks.follow(follow);
        pushed += followed.pushed;
        ({ isMore } = followed);
      }
    }
    return pushed > 0;
  }

  async #run(): Promise<void> {
    const { store } = this.#options;
    const { signal } = this.#stop;
    const keys = this.#follows.map(({ definition }) => definition.key);
    while (!signal.aborted) {
      const version = await store.webhooks.version().catch(() => 0);
      const started = monotonicNow();
      try {
        await this.catchUp();
        this.#trouble.gone();
      } catch (error) {
        this.#trouble.say(`Cannot look for ends of tasks to tell: ${messageOf(error)}`);
        await this.#rest(SECOND_MS);
      }
      await this.#rest(Math.max(REST_MS, (monotonicNow() - started) * REST_TIMES));
      if (signal.aborted) return;
      await store.webhooks
        .changed(version, keys, LOOK_MS, signal)
        .catch(() => this.#rest(SECOND_MS));
    }
  }

  #rest(ms: number): Promise<void> {
    return sleepUnless(this.#stop.signal, ms);
  }
}
