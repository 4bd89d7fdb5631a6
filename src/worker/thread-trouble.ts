/** Why threads of a worker cannot start: said in the log once, and told to programs that only read the database. */
import type { TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import { longLoadWords } from "../registry/long-load.ts";
import type { WorkerStore } from "../store/worker-store.ts";

export interface ThreadTroubleOptions {
  /** The worker's id. */
  readonly id: string;
  readonly store: Pick<WorkerStore, "setTrouble">;
  readonly report: Report;
  /** True where a thread can run tasks. */
  readonly canRun: () => boolean;
}

export class ThreadTrouble {
  readonly #options: ThreadTroubleOptions;
  /** Why a thread could not start, or still loads its models, as last reported; "" once one has loaded them. */
  #refusal = "";
  /** The trouble that the worker's row in the store tells. */
  #told: string | null = null;

  constructor(options: ThreadTroubleOptions) {
    this.#options = options;
  }

  /** Why no task can run, though the worker lives; null where one can. */
  get words(): string | null {
    return this.#refusal === "" || this.#options.canRun() ? null : this.#refusal;
  }

  /** A thread has loaded its models. */
  gone(): void {
    this.#refusal = "";
    this.#tell();
  }

  loadsFor(file: string): void {
    this.#refusal = longLoadWords(file);
    this.#options.report({ name: "log.note", level: "warn", message: this.#refusal });
    this.#tell();
  }

  /** A thread could not start, and is tried again every second; the log has each reason once, until a thread starts. */
  cannotStart({ message: why }: TqError): void {
    const isKnown = why === this.#refusal;
    this.#refusal = why;
    this.#tell();
    if (isKnown) return;
    const message = `Trying again every second: ${why}`;
    this.#options.report({ name: "log.note", level: "error", message });
  }

  /** A failed write is tried again with the next thread. */
  #tell(): void {
    const { words } = this;
    if (words === this.#told) return;
    const before = this.#told;
    this.#told = words;
    const { id, store } = this.#options;
    store.setTrouble(id, words).catch(() => (this.#told = before));
  }
}
