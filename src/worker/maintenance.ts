/** What a worker does for the file now and then: deletes what ended long ago, and keeps the file small. */
import type { Config } from "../config.ts";
import type { Report } from "../events.ts";
import { retention } from "../retention.ts";
import type { Store } from "../store/store.ts";
import { CleaningClock } from "./cleaning-clock.ts";

const HOUR = 3_600_000;

/** After the start, so that a worker that is started often cleans too: ms. */
const FIRST = 60_000;

/** Tasks deleted in one transaction. */
const SLICE = 500;

/** Between two slices, for the tasks that wait to write: ms. */
const PAUSE = 50;

export class Maintenance {
  readonly #store: Store;
  readonly #config: Config;
  readonly #report: Report;
  readonly #clock = new CleaningClock();
  #timer: Timer | null = null;
  #stopped = false;

  constructor(store: Store, config: Config, report: Report) {
    this.#store = store;
    this.#config = config;
    this.#report = report;
    this.#schedule(FIRST);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  #schedule(wait: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#round(), wait);
  }

  /** One slice of work; the next one follows soon while there is more, else in an hour. */
  async #round(): Promise<void> {
    let more = false;
    try {
      const limits = retention(this.#config, this.#clock.now());
      more = (await this.#store.clean({ ...limits, limit: SLICE })) === SLICE;
      more = (await this.#store.tidy()) || more;
    } catch (error) {
      this.#note(`Cannot clean ${this.#store.path} now: ${messageOf(error)}`);
    }
    this.#schedule(more ? PAUSE : HOUR);
  }

  /** Call it when the clock was set back, and at the start, as it may have been set back before. */
  async mendTimes(): Promise<void> {
    try {
      const mended = await this.#store.mendTimes();
      if (mended === 0) return;
      const tasks = mended === 1 ? "1 task has" : `${mended} tasks have`;
      this.#note(
        `The clock was ahead: ${tasks} times that are yet to come; they count as pushed now`,
      );
    } catch (error) {
      this.#note(`Cannot mend the times of tasks now: ${messageOf(error)}`);
    }
  }

  #note(message: string): void {
    if (!this.#stopped) this.#report({ name: "log.note", level: "warn", message });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
