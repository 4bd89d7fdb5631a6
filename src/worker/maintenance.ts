/** The upkeep of the database: a worker keeps its file small, and repairs what a wrong clock has left. */
import { clearInterval, clearTimeout, monotonicNow, setInterval, setTimeout } from "../clock.ts";
import { messageOf } from "../errors.ts";
import type { Report } from "../log/events.ts";
import { LastingNote } from "../log/lasting-note.ts";
import type { Store } from "../store/store.ts";
import { DAY_MS, HOUR_MS } from "../values/duration.ts";
import { MADE_AT } from "../version.ts";
import { PAUSE_MS } from "./cleaning.ts";

/** The first round comes soon after the start: a worker that is started often tidies too. */
const FIRST_ROUND_MS = 60_000;

/** Between two looks at whether the store should adapt to the way it is used. */
const ADAPTED_EVERY_MS = 10_000;

export class Maintenance {
  readonly #store: Store;
  readonly #report: Report;
  readonly #upkeep: LastingNote;
  #timer: Timer | null = null;
  readonly #adapting: Timer;
  #stopped = false;
  /** Since when the clock has been steady: monotonic, ms. */
  #steadySince = monotonicNow();

  constructor(store: Store, report: Report) {
    this.#store = store;
    this.#report = report;
    this.#upkeep = new LastingNote(report);
    this.#schedule(FIRST_ROUND_MS);
    this.#adapting = setInterval(() => void this.#adapt(), ADAPTED_EVERY_MS);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
    clearInterval(this.#adapting);
  }

  #schedule(wait: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#round(), wait);
  }

  /** The next round follows soon while there is more, else in an hour. */
  async #round(): Promise<void> {
    let more = false;
    try {
      more = await this.tidy();
    } catch (error) {
      this.#note(`Cannot tidy ${this.#store.name} now: ${messageOf(error)}`);
    }
    if (monotonicNow() - this.#steadySince >= DAY_MS) await this.repairTimes();
    this.#schedule(more ? PAUSE_MS : HOUR_MS);
  }

  /** Does a few ms of upkeep. @returns true where there is more. */
  async tidy(): Promise<boolean> {
    const { more, note } = await this.#store.tidy();
    if (note === null) this.#upkeep.gone();
    else if (!this.#stopped) this.#upkeep.say(note);
    return more;
  }

  /** A store that cannot adapt now is slower, and is asked again soon: that needs no note. */
  async #adapt(): Promise<void> {
    await this.#store.adapt().catch(() => {});
  }

  /** The clock was set. It is believed after a day without another jump. */
  clockJumped(): void {
    this.#steadySince = monotonicNow();
  }

  /**
   * Tasks pushed at a time in the future count as pushed now. Call it when the clock was seen to be set back, or was
   * steady for a day: only then is it known that it was ahead.
   */
  async repairTimes(): Promise<void> {
    this.#steadySince = monotonicNow();
    if (this.#store.now() < MADE_AT) return; // the clock is wrong for certain
    await this.#store.statistics.forgetAhead().catch(() => {}); // the next time will do
    const repaired = await this.#repair("all");
    if (repaired === 0) return;
    const tasks = repaired === 1 ? "1 task has" : `${repaired} tasks have`;
    this.#note(`The clock was ahead: ${tasks} times in the future; they count as pushed now`);
  }

  /** Repairs the order of ready tasks alone: at the start it is not known whether the clock was ahead or is behind. */
  async repairOrder(): Promise<void> {
    const repaired = await this.#repair("places");
    if (repaired === 0) return;
    const tasks = repaired === 1 ? "1 task was" : `${repaired} tasks were`;
    this.#note(
      `${tasks} pushed at a time in the future: the clock was ahead then, or is behind now; ready tasks run, scheduled ones wait for their times`,
    );
  }

  async #repair(what: "all" | "places"): Promise<number> {
    try {
      return await this.#store.repairTimes(what);
    } catch (error) {
      this.#note(`Cannot repair the times of tasks now: ${messageOf(error)}`);
      return 0;
    }
  }

  #note(message: string): void {
    if (!this.#stopped) this.#report({ name: "log.note", level: "warn", message });
  }
}
