/** What a worker does for the file now and then: deletes what ended long ago, and keeps the file small. */
import type { Config } from "../settings/config.ts";
import type { Report } from "../log/events.ts";
import { retention } from "../settings/retention.ts";
import type { Store } from "../store/store.ts";
import { DAY_MS, HOUR_MS } from "../values/duration.ts";
import { MADE_AT } from "../version.ts";
import { CleaningClock } from "./cleaning-clock.ts";

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
  #noteIsSaid = false;
  /** Since when the clock has gone on without a jump: monotonic, ms. */
  #steadySince = performance.now();

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
      const tidied = await this.#store.tidy();
      more ||= tidied.more;
      this.#sayOnce(tidied.note);
    } catch (error) {
      this.#note(`Cannot clean ${this.#store.name} now: ${messageOf(error)}`);
    }
    if (performance.now() - this.#steadySince >= DAY_MS) await this.mendTimes();
    this.#schedule(more ? PAUSE : HOUR_MS);
  }

  /** Says a note of the upkeep once, until it has gone. */
  #sayOnce(note: string | null): void {
    if (note !== null && !this.#noteIsSaid) this.#note(note);
    this.#noteIsSaid = note !== null;
  }

  /** The clock was set: what it says is believed after a day without another jump. */
  clockJumped(): void {
    this.#steadySince = performance.now();
  }

  /**
   * Tasks from a time that is yet to come count as pushed now. Call it when the clock was seen to be set back: only
   * then is it known that it was ahead.
   */
  async mendTimes(): Promise<void> {
    this.#steadySince = performance.now();
    if (this.#store.now() < MADE_AT) return; // a clock that is wrong, for certain
    const mended = await this.#mend("all");
    if (mended === 0) return;
    const tasks = mended === 1 ? "1 task has" : `${mended} tasks have`;
    this.#note(
      `The clock was ahead: ${tasks} times that are yet to come; they count as pushed now`,
    );
  }

  /** At the start nobody knows whether the clock was ahead or is behind. */
  async mendPlaces(): Promise<void> {
    const mended = await this.#mend("places");
    if (mended === 0) return;
    const tasks = mended === 1 ? "1 task was" : `${mended} tasks were`;
    this.#note(
      `${tasks} pushed at a time that is yet to come: the clock was ahead then, or is behind now; ready tasks run, scheduled ones wait for their times`,
    );
  }

  async #mend(what: "all" | "places"): Promise<number> {
    try {
      return await this.#store.mendTimes(what);
    } catch (error) {
      this.#note(`Cannot mend the times of tasks now: ${messageOf(error)}`);
      return 0;
    }
  }

  #note(message: string): void {
    if (!this.#stopped) this.#report({ name: "log.note", level: "warn", message });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
