/** Whether a program that is no worker runs the tasks that it pushes, as its settings and the database say. */
import { monotonicNow } from "../clock.ts";
import type { Report } from "../log/events.ts";
import type { Config } from "../settings/config.ts";
import { isTold, settleMode } from "../store/followed-mode.ts";
import type { Store } from "../store/store.ts";
import type { Soon } from "../soon.ts";

/** The mode of the database is trusted for so long: a program may live for months. */
const TRUSTED_MS = 1_000;

interface ProgramModeOptions {
  readonly config: Config;
  readonly report: Report;
  readonly store: () => Store;
}

export class ProgramMode {
  readonly #options: ProgramModeOptions;
  #runsHere: boolean;
  #askedAt = -Infinity;
  #asking: Promise<boolean> | null = null;
  #said: string | null = null;

  constructor(options: ProgramModeOptions) {
    this.#options = options;
    this.#runsHere = !options.config.queue.worker;
    if (isTold(options.config)) this.#askedAt = Infinity;
  }

  /** True where the program runs its own tasks. */
  runsHere(): Soon<boolean> {
    if (monotonicNow() - this.#askedAt < TRUSTED_MS) return this.#runsHere;
    return (this.#asking ??= this.#ask());
  }

  /** The tasks are stored by now: an error of this look must not seem to be one of the push. */
  async #ask(): Promise<boolean> {
    const { config, report, store } = this.#options;
    try {
      const { worker, note } = await settleMode(store(), config);
      this.#runsHere = !worker;
      if (note !== null && note !== this.#said) {
        report({ name: "log.note", level: "warn", message: note });
      }
      this.#said = note;
      this.#askedAt = monotonicNow();
    } catch {
      // The next push asks again.
    }
    this.#asking = null;
    return this.#runsHere;
  }
}
