/** Why threads of a worker cannot start. The log says it once. */
import type { TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import { longLoadWords } from "../registry/long-load.ts";

export interface ThreadTroubleOptions {
  readonly report: Report;
  /** True where a thread can run tasks. */
  readonly canRun: () => boolean;
  /** Call `words` for what they are now. */
  readonly changed: () => void;
}

export class ThreadTrouble {
  readonly #options: ThreadTroubleOptions;
  /** Why a thread could not start, or still loads its models, as last reported; "" once one has loaded them. */
  #refusal = "";

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
    this.#options.changed();
  }

  /** The models take long to load. The log has it once, until a thread has loaded them. */
  loadsFor(file: string): void {
    const words = longLoadWords(file);
    if (words === this.#refusal) return;
    this.#refusal = words;
    this.#options.report({ name: "log.note", level: "warn", message: this.#refusal });
    this.#options.changed();
  }

  /** A thread could not start, and is tried again every second; the log has each reason once, until a thread starts. */
  cannotStart({ message: why }: TqError): void {
    const isKnown = why === this.#refusal;
    this.#refusal = why;
    this.#options.changed();
    if (isKnown) return;
    const message = `Trying again every second: ${why}`;
    this.#options.report({ name: "log.note", level: "error", message });
  }
}
