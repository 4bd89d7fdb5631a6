/** The words of a worker about itself in its row of the store: programs that only read the database have nothing else. */
import { statSync } from "node:fs";
import type { Config } from "../settings/config.ts";
import { fingerprintsOf } from "../settings/fingerprint.ts";
import type { ConditionStore, Refusal, WorkerAbout } from "../store/condition.ts";
import { callsOf } from "../catalog.ts";
import { callName } from "../task.ts";
import { differenceOf, differenceOnDisk } from "../registry/model-version.ts";
import type { TqError } from "../errors.ts";
import type { Loaded } from "./messages.ts";

interface SelfReportOptions {
  readonly id: string;
  readonly store: { readonly condition: ConditionStore };
  readonly config: Config;
  /** The files and folders of its models. */
  readonly models: readonly string[];
}

/** How the worker is now. */
interface Present {
  /** Why it can run no task; null: it can. */
  readonly trouble: string | null;
  /** Its threads that have loaded their models. */
  readonly ready: number;
}

export class SelfReport {
  readonly #options: SelfReportOptions;
  readonly #present: () => Present;
  #isRegistered = false;
  #trouble: string | null = null;
  #ready: number | null = null;
  /** As `check` saw them last: a thread that is being replaced is missing only for a moment. */
  #seen = -1;
  #loaded: Loaded | null = null;
  /** When the newest file of these models was changed, before they were loaded: the disk may have newer ones since. */
  #changedAt: number | null = null;
  #refusal: Refusal | null = null;
  #isAboutTold = false;
  #telling: Promise<unknown> | null = null;

  constructor(options: SelfReportOptions, present: () => Present) {
    this.#options = options;
    this.#present = present;
  }

  /** The worker has a row now, which says nothing yet. */
  registered(): void {
    this.#isRegistered = true;
    this.#trouble = null;
    this.#ready = null;
    this.#isAboutTold = false;
    this.check();
  }

  /** A thread has loaded the models. */
  loaded(models: Loaded): void {
    const before = this.#loaded;
    const isNew = before === null || differenceOf(before.version, models.version) !== null;
    if (isNew || this.#refusal !== null) this.#isAboutTold = false;
    this.#refusal = null;
    this.#loaded = models;
    this.#changedAt = newestChange(Object.keys(models.version.files));
    this.check();
  }

  /** The models could not be loaded: the threads go on with those that they have. */
  refused({ message }: TqError): void {
    if (this.#loaded === null) return;
    const difference = differenceOnDisk(this.#loaded.version, this.#options.models);
    this.#refusal = { message, difference };
    this.#isAboutTold = false;
    this.check();
  }

  /** Call it now and then. What could not be written is written at a later call. */
  check(): void {
    if (!this.#isRegistered) return;
    const { trouble, ready } = this.#present();
    this.#tellTrouble(trouble);
    const lasts = ready === this.#seen || ready === this.#options.config.worker.threads;
    this.#seen = ready;
    if (lasts) this.#tellReady(ready);
    if (this.#loaded !== null && !this.#isAboutTold) this.#tellAbout(this.#loaded);
  }

  #tellTrouble(trouble: string | null): void {
    const before = this.#trouble;
    if (trouble === before) return;
    this.#trouble = trouble;
    this.#store.setTrouble(this.#options.id, trouble).catch(() => (this.#trouble = before));
  }

  #tellReady(ready: number): void {
    const before = this.#ready;
    if (ready === before) return;
    this.#ready = ready;
    this.#tellInTurn(() => this.#store.setThreads(this.#options.id, ready)).catch(
      () => (this.#ready = before),
    );
  }

  #tellAbout({ version, catalog }: Loaded): void {
    const { id, config, models } = this.#options;
    const calls = callsOf(catalog).map(({ model, method }) => callName(model, method));
    const about: WorkerAbout = {
      models,
      version,
      calls,
      settings: config.file,
      fingerprints: fingerprintsOf(config),
      refusal: this.#refusal,
    };
    this.#isAboutTold = true;
    this.#store.setAbout(id, about, this.#changedAt).catch(() => (this.#isAboutTold = false));
  }

  /** Writes one count after the other: a store with several connections does not keep their order. */
  #tellInTurn(write: () => Promise<void>): Promise<void> {
    const telling = this.#telling ? this.#telling.then(write) : write();
    const settled = telling
      .catch(() => {})
      .then(() => {
        if (this.#telling === settled) this.#telling = null;
      });
    this.#telling = settled;
    return telling;
  }

  get #store(): ConditionStore {
    return this.#options.store.condition;
  }
}

/** Null where none of the files is there any more, or the models are part of an executable. */
function newestChange(files: readonly string[]): number | null {
  const times = files.flatMap((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? []);
  return times.length === 0 ? null : Math.round(times.reduce((a, b) => Math.max(a, b)));
}
