/** Keeps the models of a worker: it notices new ones, and has the threads load them where it is asked to. */
import { clearInterval, monotonicNow, setInterval } from "../clock.ts";
import type { TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { ModelVersion } from "../catalog.ts";
import { SECOND_MS } from "../values/duration.ts";
import { ModelsWatch } from "./models-watch.ts";

/** A worker that watches its models looks this often. */
const WATCH_MS = 250;

/** Another one looks this often, to say that they have changed. */
const NOTICE_MS = 2 * SECOND_MS;

/** Models that could not be loaded may lack a file that nobody watches: they are tried again after this, then twice that … */
const TRY_AGAIN_MS = 2 * SECOND_MS;
const LONGEST_TRY_AGAIN_MS = 60 * SECOND_MS;

export interface ModelsKeeperOptions {
  /** Files and folders of the models. */
  readonly models: readonly string[];
  /** New models are loaded as soon as they are there. */
  readonly watch: boolean;
  readonly report: Report;
  /** Has all threads load the models anew. `isAsked`: somebody has asked for them as they are now. */
  readonly renew: (isAsked: boolean) => void;
  /** False where no thread has models: they are loaded anew every second, and none are in use. */
  readonly canRun: () => boolean;
  /** A thread loads its models, which may never end. */
  readonly isLoading: () => boolean;
  /** Makes the tasks due that wait for newer models. */
  readonly endWait: () => Promise<unknown>;
  /** A clock that nobody sets, in ms. Default: `monotonicNow`. */
  readonly monotonic?: () => number;
}

export class ModelsKeeper {
  readonly #options: ModelsKeeperOptions;
  readonly #monotonic: () => number;
  readonly #watch: ModelsWatch;
  #timer: Timer | null = null;
  #lookedAt: number;
  /** Why the models could not be loaded, as said last, and when they are tried again; null: they could, or nobody watches. */
  #refusal: { readonly message: string; readonly wait: number; readonly at: number } | null = null;

  constructor(options: ModelsKeeperOptions) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? monotonicNow;
    this.#watch = new ModelsWatch(options.models, this.#monotonic);
    this.#lookedAt = this.#monotonic();
  }

  start(): void {
    if (!this.#options.watch) return;
    this.stop();
    this.#timer = setInterval(() => this.look(), WATCH_MS);
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Call it now and then, where the worker does not watch: mostly it does nothing. */
  check(): void {
    if (this.#options.watch || this.#monotonic() - this.#lookedAt < NOTICE_MS) return;
    this.#lookedAt = this.#monotonic();
    this.look();
  }

  look(): void {
    const { watch, report, renew } = this.#options;
    const isLoading = this.#options.isLoading();
    const difference = this.#watch.look(isLoading);
    if (difference !== null) {
      const canRun = this.#options.canRun();
      if (!watch && !isLoading && !canRun) return;
      if (!watch && !isLoading) return report({ name: "models.changed", reason: difference });
      this.reload(difference, false);
    } else if (this.#refusal !== null && this.#monotonic() >= this.#refusal.at) {
      this.#refusal = { ...this.#refusal, at: Infinity }; // until it is refused again
      renew(false);
    }
  }

  /** Has the threads load the models anew. */
  reload(reason: string, isAsked: boolean): void {
    this.#options.report({ name: "models.loading", reason });
    this.#refusal = null;
    this.#watch.loads();
    this.#options.renew(isAsked);
    this.loads();
  }

  /**
   * A thread is about to load the models: where that hangs, it ends as soon as the files are others, also at the start
   * of the worker, and where it does not watch.
   */
  loads(): void {
    if (!this.#options.isLoading()) this.#watch.begin();
    this.#timer ??= setInterval(() => this.#lookAtLoad(), WATCH_MS).unref();
  }

  #lookAtLoad(): void {
    if (this.#options.isLoading()) return this.look();
    this.stop();
  }

  /** A thread has met new models, which all threads now load. */
  met(reason: string): void {
    this.#options.report({ name: "models.loading", reason });
  }

  accepted(version: ModelVersion): void {
    this.#refusal = null;
    this.#watch.take(version);
  }

  refused({ message }: TqError): void {
    const before = this.#refusal;
    const wait = Math.min(before === null ? TRY_AGAIN_MS : before.wait * 2, LONGEST_TRY_AGAIN_MS);
    const at = this.#options.watch ? this.#monotonic() + wait : Infinity;
    this.#refusal = { message, wait, at };
    if (before?.message !== message) {
      this.#options.report({ name: "models.refused", message });
    }
  }

  /** The first thread with newer models claims tasks. */
  serves(): void {
    this.#options.endWait().catch(() => {}); // they come due by themselves
  }

  renewed(): void {
    this.#options.report({ name: "models.loaded" });
  }
}
