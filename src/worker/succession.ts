/**
 * Which threads of a worker serve. A new thread first loads the models; then it takes a place that is free, or that of a
 * thread with older models, which first ends what it runs. So a version that cannot be loaded takes no place, and a
 * worker has two versions only while the older one leaves.
 */
import type { ModelCatalog, ModelVersion } from "../catalog.ts";
import { clearTimeout, setTimeout } from "../clock.ts";
import { TqError } from "../errors.ts";
import { differenceOf, differenceOnDisk, joined } from "../registry/model-version.ts";
import { lackedCall } from "./lacking-models.ts";
import { LetGo } from "./let-go.ts";
import { LongLoads } from "./long-loads.ts";
import type { Init } from "./messages.ts";
import type { PoolThread } from "./pool-thread.ts";
import type { SuccessionEvents, SuccessionOptions } from "./succession-events.ts";

/** The highest number of a thread: beside those that serve one may wait for a place, and one load newer models. */
export function mostThreads(places: number): number {
  return places + 2;
}

/** The pause before a thread that could not start is tried again. */
const TRY_AGAIN_MS = 1_000;

/** The pause before models are loaded again that were edited meanwhile. */
const EDITED_MS = 100;

/** After so many loads that were disturbed, files that were written meanwhile may be written by the models themselves. */
const LENIENT_AFTER = 3;

/** After so many the models cannot be loaded. */
const MOST_DISTURBANCES = 20;

/** A thread that leaves has this time; then another one with older models is told to leave too. */
const LEAVE_MS = 1_000;

export class Succession {
  readonly #options: SuccessionOptions;
  readonly #events: SuccessionEvents;
  readonly #longLoads: LongLoads;
  readonly #letGo = new LetGo();
  #version: ModelVersion | null = null;
  #generation = 0;
  /** The newest generation that claims tasks, or has. */
  #served = -1;
  /** Threads with older models are replaced by ones with newer models. */
  #isRenewing = false;
  #canServe = false;
  #stopped = false;
  #pause: Timer | null = null;
  #leaving: Timer | null = null;
  /** The files of a load that was disturbed, and how many were, one after another. */
  #disturbed: readonly string[] = [];
  #disturbances = 0;

  constructor(options: SuccessionOptions, events: SuccessionEvents) {
    this.#options = options;
    this.#events = events;
    this.#longLoads = new LongLoads({
      threads: options.threads,
      isOutdated: ({ generation }) => generation < this.#generation,
      hasModels: () => this.#version !== null,
      name: (file) => events.loadsLong(file),
      end: (thread, why) => {
        this.#dismiss(thread, "it loads for too long");
        if (why !== null) this.failed(new TqError("models", why));
      },
    });
  }

  /** The generation of a thread that starts now, and what is known of its load. */
  get next(): Pick<Init, "known" | "isLenient" | "keep"> & { readonly generation: number } {
    const files = Object.keys(this.#version?.files ?? {});
    const isLenient = this.#disturbances >= LENIENT_AFTER;
    const known = [...files, ...this.#disturbed];
    return { generation: this.#generation, known, isLenient, keep: this.#letGo.keep };
  }

  /** Starts the threads. */
  start(): void {
    this.#arrange();
  }

  /** Threads may claim from now on. */
  letClaim(): void {
    this.#canServe = true;
    this.#arrange();
  }

  stop(): void {
    this.#stopped = true;
    this.#longLoads.stop();
    if (this.#pause) clearTimeout(this.#pause);
    if (this.#leaving) clearTimeout(this.#leaving);
  }

  /**
   * Replaces all threads, one at a time, by ones that load the models anew.
   *
   * @param isAsked somebody has asked for the models as they are now, also where these lack what the worker has
   */
  renew(isAsked = false): void {
    if (this.#stopped) return;
    if (isAsked) this.#letGo.ask();
    this.#outdate();
    this.#longLoads.look();
    this.#endPause();
    this.#arrange();
  }

  /** The thread has loaded the models. @returns false where they do not count, as they are not the newest ones */
  loaded(thread: PoolThread, version: ModelVersion, catalog: ModelCatalog): boolean {
    const difference = this.#version && differenceOf(this.#version, version);
    if (difference !== null && differenceOnDisk(version, this.#options.models) !== null) {
      this.edited(thread, difference, []);
      return false;
    }
    const { keep } = this.#letGo; // the thread may have begun before any had loaded them
    const lacked = keep && lackedCall(keep, catalog);
    if (lacked !== null) {
      this.lacking(thread, lacked);
      return false;
    }
    if (difference !== null) {
      if (!this.#isRenewing) this.#events.met(difference);
      this.#outdate();
      thread.generation = this.#generation;
    }
    this.#disturbed = [];
    this.#disturbances = 0;
    this.#letGo.taken(catalog);
    this.#version = this.#version === null ? version : joined(this.#version, version);
    this.#events.accepted(this.#version);
    this.#arrange();
    return true;
  }

  /** The models were edited while the thread loaded them. */
  edited(thread: PoolThread, difference: string, files: readonly string[]): void {
    this.#disturbed = [...new Set([...this.#disturbed, ...files])];
    this.#disturbances += 1;
    this.#dismiss(thread, `${difference} while it loaded the models`);
    if (this.#disturbances < MOST_DISTURBANCES) return this.#rest(EDITED_MS);
    this.#disturbances = 0;
    const why = `Cannot load models: ${difference} while they were loaded, ${MOST_DISTURBANCES} times in a row; do they write it themselves?`;
    this.failed(new TqError("models", why));
  }

  /** The models that the thread has loaded lack a call that the worker has. */
  lacking(thread: PoolThread, call: string): void {
    this.#dismiss(thread, `its models lack ${call}`);
    const error = this.#letGo.lacking(call);
    if (error !== null) this.failed(error);
  }

  /** The thread could not load the models, or open the database. */
  failed(error: TqError): void {
    if (this.#stopped) return;
    const serving = this.#serving;
    const isWhole = serving.length >= this.#options.places;
    const isMixed = serving.some(({ generation }) => generation === this.#generation);
    if (this.#isRenewing && isWhole && !isMixed && error.code !== "busy") {
      this.#isRenewing = false;
      this.#letGo.refused();
      this.#events.refused(error);
    } else {
      this.#events.cannotStart(error);
      this.#rest(TRY_AGAIN_MS);
    }
  }

  /** The thread is gone, and its tasks are put back. */
  gone(): void {
    this.#arrange();
  }

  get #serving(): PoolThread[] {
    return this.#options.threads().filter(({ serves }) => serves);
  }

  /** The threads that load their models, or wait for a place. */
  get #coming(): PoolThread[] {
    return this.#options.threads().filter(({ serves, endReason }) => !serves && endReason === null);
  }

  /** The threads that wait for a place, those with the newest models first. */
  get #ready(): PoolThread[] {
    const ready = this.#coming.filter(({ loaded }) => loaded);
    return ready.toSorted((one, other) => other.generation - one.generation);
  }

  get #outdated(): PoolThread[] {
    return this.#serving.filter(({ generation }) => generation < this.#generation);
  }

  #outdate(): void {
    this.#generation += 1;
    this.#isRenewing = true;
  }

  #dismiss(thread: PoolThread, reason: string): void {
    void thread.terminate(reason);
  }

  #rest(ms: number): void {
    this.#endPause();
    if (this.#stopped) return;
    this.#pause = setTimeout(() => {
      this.#pause = null;
      this.#arrange();
    }, ms).unref();
  }

  #endPause(): void {
    if (this.#pause) clearTimeout(this.#pause);
    this.#pause = null;
  }

  #arrange(): void {
    if (this.#stopped) return;
    if (this.#canServe) for (const thread of this.#ready) this.#place(thread);
    if (this.#isRenewing && this.#isRenewed) {
      this.#isRenewing = false;
      this.#events.renewed();
    }
    if (this.#pause === null) this.#fill();
  }

  get #isRenewed(): boolean {
    return this.#outdated.length === 0 && this.#serving.length === this.#options.places;
  }

  /** Gives a thread that has loaded its models a free place, or makes one. */
  #place(thread: PoolThread): void {
    const isNewest = thread === this.#ready[0];
    if (isNewest && this.#serving.length < this.#options.places) {
      const older = this.#serving.filter(({ generation }) => generation < thread.generation);
      for (const old of older) old.setOutdated();
      thread.go();
      if (thread.generation > this.#served) this.#events.serves();
      this.#served = Math.max(this.#served, thread.generation);
      return;
    }
    const isOneLeaving = this.#outdated.some(({ leaves }) => leaves);
    if (!isNewest || !(isOneLeaving || this.#isWanted(thread))) {
      return this.#dismiss(thread, "it has no place");
    }
    // One with models that are not the newest any more takes its place where the newest cannot be loaded.
    if (!isOneLeaving) this.#letOneLeave();
  }

  #isWanted({ generation }: PoolThread): boolean {
    return generation === this.#generation && this.#isRenewing && this.#outdated.length > 0;
  }

  /** One that is idle, rather than one that runs a long task. */
  #letOneLeave(): void {
    if (this.#leaving) clearTimeout(this.#leaving);
    this.#leaving = null;
    const staying = this.#outdated.filter(({ leaves }) => !leaves);
    const leaver =
      staying.find(({ idle }) => idle) ??
      staying.find(({ progress, seenAtTakeBack }) => progress.sequence !== seenAtTakeBack) ??
      staying[0];
    if (leaver === undefined || this.#stopped) return;
    leaver.setOutdated();
    leaver.stop();
    this.#leaving = setTimeout(() => {
      if (this.#ready.some((thread) => this.#isWanted(thread))) this.#letOneLeave();
    }, LEAVE_MS).unref();
  }

  #fill(): void {
    const { places } = this.#options;
    const more = this.#isRenewing && this.#outdated.length > 0 ? 1 : 0;
    const isNewest = ({ loaded, generation }: PoolThread) =>
      !loaded || generation === this.#generation;
    const coming = this.#coming.filter(isNewest);
    let missing = places + more - this.#serving.length - coming.length;
    for (; missing > 0; missing--) {
      const number = this.#freeNumber();
      if (number === null) return; // until a thread is gone
      this.#events.loads();
      if (!this.#events.start(number)) return this.#rest(TRY_AGAIN_MS);
      this.#longLoads.begin();
    }
  }

  #freeNumber(): number | null {
    const taken = new Set(this.#options.threads().map(({ number }) => number));
    for (let number = 1; number <= mostThreads(this.#options.places); number++) {
      if (!taken.has(number)) return number;
    }
    return null;
  }
}
