/**
 * Tells people of failures, in each way that the settings name: the first one at once, later ones together. Every worker
 * looks; the database says which one tells, and up to which failure.
 */
import type { ModelCatalog } from "../../catalog.ts";
import { clearTimeout, monotonicNow, setTimeout } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Report } from "../../log/events.ts";
import { LastingNote } from "../../log/lasting-note.ts";
import type { Config } from "../../settings/config.ts";
import type { AlertDefinition, AlertTake, TakenAlert } from "../../store/failure-store.ts";
import type { Store } from "../../store/store.ts";
import { SECOND_MS } from "../../values/duration.ts";
import { type Channel, channelsOf } from "./channels.ts";
import { alertMessage, MOST_NAMED } from "./message.ts";
import { LONGEST_PAUSE_MS, PushTrouble } from "./push-trouble.ts";
import { unknownNames } from "../unknown-names.ts";

/** It looks this often for failures that other processes have written, and for a clock that was set. */
const LOOK_MS = 10 * SECOND_MS;

/** Another worker tells at this moment. */
const OTHER_MS = 2 * SECOND_MS;

/** At a stop the last alerts have this long at most, and no longer than the worker's grace. */
const LAST_MS = 10 * SECOND_MS;

export interface AlertsOptions {
  /** The worker's id. */
  readonly id: string;
  readonly config: Config;
  readonly store: Store;
  readonly report: Report;
  /** How many tasks of this worker have failed so far. */
  readonly failed: () => number;
  /** Default: as the settings say. */
  readonly channels?: readonly Channel[];
}

export class Alerts {
  readonly #options: AlertsOptions;
  readonly #definitions: readonly AlertDefinition[];
  readonly #lanes: readonly Lane[];
  readonly #cut = new AbortController();
  #seen = 0;
  #passedOver = 0;
  #ended = false;
  readonly #pushTrouble: PushTrouble;
  #watching = Promise.resolve();
  #callOff: (() => void) | null = null;

  constructor(options: AlertsOptions) {
    this.#options = options;
    const channels = options.channels ?? channelsOf(options.config);
    this.#definitions = definitionsOf(options.config, channels);
    const take = takeOf(options, this.#definitions);
    const { signal } = this.#cut;
    this.#lanes = channels.map((channel) => new Lane(channel, take, options, signal));
    const { store, report } = options;
    this.#pushTrouble = new PushTrouble({ store, report, channels, every: take.every, signal });
  }

  /** Failures count from here on, if none were watched before. */
  async watch(): Promise<void> {
    const { store, config } = this.#options;
    this.#passedOver = await store.failures.watch(config.file ?? "", this.#definitions);
  }

  /** A sentence for each name in the settings that fits nothing, and one for failures that only these settings want. */
  async problems(catalog: ModelCatalog): Promise<string[]> {
    if (this.#lanes.length === 0) return [];
    const { config, store } = this.#options;
    const { queues, tasks } = config.alert;
    const sections = [{ section: "[alert]", queues, tasks }];
    const unknown = await unknownNames(sections, { config, catalog, store }).catch(() => []); // a warning is not worth the start
    return this.#passedOver === 0 ? unknown : [...unknown, passedOverWords(this.#passedOver)];
  }

  start(): void {
    if (this.#lanes.length === 0) return;
    this.#lookAll();
    this.#beginWatch();
  }

  #lookAll(): void {
    for (const lane of this.#lanes) lane.look();
  }

  async #watchPushes(): Promise<void> {
    if (await this.#pushTrouble.look()) this.#lookAll();
    if (this.#ended) return;
    this.#callOff = this.#options.store.after(LOOK_MS, () => this.#beginWatch());
  }

  #beginWatch(): void {
    this.#watching = this.#watchPushes();
  }

  async #tell(trouble: string): Promise<void> {
    await this.#options.store.failures.trouble(trouble);
    this.#lookAll();
  }

  /** The worker cannot start: tells it, within a limited time. */
  async cannotStart(error: unknown): Promise<void> {
    if (this.#lanes.length === 0) return;
    try {
      await this.watch();
      await this.#tell(messageOf(error));
      await this.end(LAST_MS);
    } catch {
      // the error itself is reported
    }
  }

  /** Looks at once where a task has failed. Call it often: mostly it does nothing. */
  check(): void {
    if (this.#lanes.length === 0) return;
    const failed = this.#options.failed();
    if (failed === this.#seen) return;
    this.#seen = failed;
    this.#lookAll();
  }

  /**
   * Looks a last time, and ends what has not gone within the time: it goes at the next start.
   *
   * @param heedsEvery false: what is left goes now, as nobody knows when a worker starts again.
   */
  async end(grace: number, { heedsEvery = true } = {}): Promise<void> {
    if (this.#lanes.length === 0) return;
    if (grace === 0) this.cut();
    this.#ended = true;
    this.#callOff?.();
    const timer = setTimeout(() => this.cut(), Math.min(grace, LAST_MS));
    await Promise.all([this.#watching, ...this.#lanes.map((lane) => lane.end(heedsEvery))]);
    clearTimeout(timer);
  }

  /** Ends alerts that are under way. */
  cut(): void {
    this.#cut.abort();
  }
}

function passedOverWords(count: number): string {
  const tasks = count === 1 ? "task" : "tasks";
  return `[alert] has changed: of ${count} failed ${tasks} that it did not want before it does not tell, as more than a week has passed, or as there was no alert then; see tq list --state failed`;
}

type Take = Omit<AlertTake, "channel">;

function definitionsOf({ alert }: Config, channels: readonly Channel[]): AlertDefinition[] {
  const { queues, tasks } = alert;
  return channels.map(({ key }) => ({ key, queues, tasks }));
}

function takeOf({ id, config }: AlertsOptions, definitions: readonly AlertDefinition[]): Take {
  const { alert, file } = config;
  return { worker: id, origin: file ?? "", definitions, every: alert.every, limit: MOST_NAMED };
}

/** One way of telling. */
class Lane {
  readonly #channel: Channel;
  #take: AlertTake;
  readonly #options: AlertsOptions;
  readonly #signal: AbortSignal;
  readonly #trouble: LastingNote;
  /** The look that runs now; null: none. */
  #looking: Promise<void> | null = null;
  #lookAgain = false;
  #callOff: (() => void) | null = null;
  /** How many alerts have failed one after another: the next one waits, whatever fails meanwhile. */
  #failures = 0;
  #ended = false;

  constructor(channel: Channel, take: Take, options: AlertsOptions, signal: AbortSignal) {
    this.#channel = channel;
    this.#take = { ...take, channel: channel.key };
    this.#options = options;
    this.#signal = signal;
    this.#trouble = new LastingNote(options.report);
  }

  look(): void {
    if (this.#ended || (this.#failures > 0 && this.#callOff !== null)) return;
    this.#lookAgain = true;
    this.#looking ??= this.#lookUntilQuiet();
  }

  async end(heedsEvery: boolean): Promise<void> {
    if (!heedsEvery) this.#take = { ...this.#take, every: 0 };
    if (this.#failures === 0 && !this.#signal.aborted) this.look();
    this.#ended = true;
    this.#callOff?.();
    await this.#looking;
  }

  async #lookUntilQuiet(): Promise<void> {
    let wait = LOOK_MS;
    while (this.#lookAgain) {
      this.#lookAgain = false;
      wait = await this.#lookOnce();
    }
    this.#looking = null;
    this.#callOff?.();
    this.#callOff = this.#ended ? null : this.#options.store.after(wait, () => this.#wake());
  }

  #wake(): void {
    this.#callOff = null;
    this.look();
  }

  /** @returns the ms until the next look. */
  async #lookOnce(): Promise<number> {
    try {
      const taken = await this.#options.store.failures.take(this.#take);
      this.#trouble.gone();
      if (taken.kind === "alert") return await this.#send(taken);
      if (taken.kind === "wait") return Math.min(taken.wait, LOOK_MS);
      return taken.kind === "other" ? OTHER_MS : LOOK_MS;
    } catch (error) {
      this.#trouble.say(`Cannot look for failures to tell: ${String(error)}`);
      return LOOK_MS;
    }
  }

  async #send({ failures, count, until }: Extract<TakenAlert, { kind: "alert" }>): Promise<number> {
    const { store, report, id } = this.#options;
    const { name: channel, key } = this.#channel;
    const started = monotonicNow();
    const message = alertMessage({ database: store.name, failures, count });
    const why = await this.#channel.send(message, this.#signal);
    const ids = failures.flatMap(({ task }) => task ?? []);
    const pause = why === null ? 0 : this.#pauseAfter();
    if (why === null) {
      this.#failures = 0;
      const duration = monotonicNow() - started;
      report({ name: "alert.sent", channel, count, ids, duration });
    } else {
      this.#failures += 1;
      report({ name: "alert.failed", channel, count, ids, reason: why, delay: pause });
    }
    await store.failures.told(id, key, until, why === null);
    if (why === null)
      this.#lookAgain = !this.#ended; // those that failed meanwhile wait for their time
    else this.#lookAgain = false;
    return pause;
  }

  #pauseAfter(): number {
    return Math.min(this.#take.every * 2 ** this.#failures, LONGEST_PAUSE_MS);
  }
}
