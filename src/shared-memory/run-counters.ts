/** Counts the runs of a thread: how they ended, and how long they waited and took. */
import { monotonicNow } from "../clock.ts";
import type { OutcomeKind } from "../outcome.ts";
import {
  MEASURES,
  othersOf,
  readSeriesKey,
  RUN_ENDS,
  type RunEnd,
  type Series,
  seriesKey,
} from "../statistics/counts.ts";
import { bucketOf, BUCKETS, isMeasured } from "../statistics/histogram.ts";
import type { ClaimedTask } from "../task.ts";
import {
  type Bank,
  DOUBLES,
  ENDS,
  LAST,
  MEASURE_COUNT,
  NAMED,
  openBanks,
} from "./counter-banks.ts";

const WAIT = MEASURES.indexOf("wait");
const RUN = MEASURES.indexOf("run");
const LATE_START = MEASURES.indexOf("late_start");
const LATE_END = MEASURES.indexOf("late_end");

/** The end of a run, in the words of the statistics. */
export const END_OF: Record<OutcomeKind, RunEnd> = {
  finished: "finished",
  failed: "failed",
  retry: "retried",
  snoozed: "snoozed",
  cancelled: "cancelled",
  postponed: "postponed",
  interrupted: "interrupted",
};

/** Where a bank has each end. */
const PLACE_OF = Object.fromEntries(
  Object.entries(END_OF).map(([kind, end]) => [kind, RUN_ENDS.indexOf(end)]),
) as Record<OutcomeKind, number>;

const ENDS_TASK: Record<OutcomeKind, boolean> = {
  finished: true,
  failed: true,
  retry: false,
  snoozed: false,
  cancelled: true,
  postponed: false,
  interrupted: false,
};

/** The series of one method by queue, while the thread counts in one bank: to look for all three names takes twice as long. */
export class SeriesNumbers {
  readonly byQueue = new Map<string, number>();
  turn = -1;

  renew(turn: number): void {
    this.turn = turn;
    this.byQueue.clear();
  }
}

/** Counts the runs of one thread, without an allocation. */
export class RunCounters {
  readonly #turn: Int32Array;
  readonly #banks: readonly [Bank, Bank];
  #bank: Bank;
  #turnSeen: number;
  readonly #series = new Map<string, number>();
  /** The time now, and its lead over `performance.now()`. */
  #now = 0;
  #offset = 0;

  constructor(buffer: SharedArrayBuffer) {
    ({ turn: this.#turn, banks: this.#banks } = openBanks(buffer));
    this.#turnSeen = Atomics.load(this.#turn, 0);
    this.#bank = this.#enter();
  }

  /** Call it before the runs of one commit are counted. @param now ms since 1970 UTC */
  committed(now: number): void {
    this.#now = now;
    this.#offset = now - monotonicNow();
    const turn = Atomics.load(this.#turn, 0);
    if (turn === this.#turnSeen) return;
    this.#turnSeen = turn;
    this.#bank = this.#enter();
  }

  /**
   * Counts a run. The wait is measured for a first run alone: when the one before has ended is not known here.
   *
   * @param numbers those of the task's method.
   * @param started by `performance.now()`.
   */
  count(
    task: ClaimedTask,
    numbers: SeriesNumbers,
    kind: OutcomeKind,
    started: number,
    duration: number,
  ): void {
    if (numbers.turn !== this.#turnSeen) numbers.renew(this.#turnSeen);
    let series = numbers.byQueue.get(task.queue);
    if (series === undefined) numbers.byQueue.set(task.queue, (series = this.#add(task)));
    const end = series * ENDS + PLACE_OF[kind];
    this.#bank.ends[end] = (this.#bank.ends[end] ?? 0) + 1;
    this.#measure(series, RUN, duration);
    const { scheduledAt, expectedAt } = task;
    if (task.attempt === 1) {
      const began = started + this.#offset;
      this.#measure(series, WAIT, began - Math.max(scheduledAt ?? 0, task.enqueuedAt));
      if (scheduledAt !== null) this.#measure(series, LATE_START, began - scheduledAt);
    }
    if (expectedAt !== null && ENDS_TASK[kind]) {
      this.#measure(series, LATE_END, this.#now - expectedAt);
    }
  }

  #measure(series: number, measure: number, ms: number): void {
    if (!isMeasured(ms)) return;
    const { buckets, doubles } = this.#bank;
    const bucket = (series * MEASURE_COUNT + measure) * BUCKETS + bucketOf(ms);
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    if (ms <= 0) return;
    const sum = series * DOUBLES + measure;
    const worst = sum + MEASURE_COUNT;
    doubles[sum] = (doubles[sum] ?? 0) + ms;
    if (ms > (doubles[worst] ?? 0)) doubles[worst] = ms;
  }

  #add(names: Series): number {
    const known = this.#series.get(seriesKey(names));
    if (known !== undefined) return known;
    const { used } = this.#bank;
    if (used < NAMED) return this.#remember(names, this.#bank.add(seriesKey(names)) ?? LAST);
    // A queue whose other methods are counted together.
    const others = othersOf(names.queue);
    const shared = this.#series.get(seriesKey(others));
    if (shared !== undefined) return shared;
    const added = used < LAST ? this.#bank.add(seriesKey(others)) : null;
    return this.#remember(others, added ?? LAST);
  }

  #remember(names: Series, number: number): number {
    this.#series.set(seriesKey(names), number);
    return number;
  }

  /** The bank may have series of a thread that died. */
  #enter(): Bank {
    const bank = this.#banks[this.#turnSeen % 2 === 0 ? 0 : 1];
    this.#series.clear();
    for (let series = 0; series < bank.used; series++) {
      this.#remember(readSeriesKey(bank.nameOf(series)), series);
    }
    return bank;
  }
}
