/** Counts the runs of a thread: how they ended, and how long they waited and took. */
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

/** Counts the runs of one thread, without an allocation. */
export class RunCounters {
  readonly #turn: Int32Array;
  readonly #banks: readonly [Bank, Bank];
  #bank: Bank;
  #turnSeen: number;
  #series = new Map<string, Map<string, Map<string, number>>>();
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
    this.#offset = now - performance.now();
    const turn = Atomics.load(this.#turn, 0);
    if (turn === this.#turnSeen) return;
    this.#turnSeen = turn;
    this.#bank = this.#enter();
  }

  /**
   * Counts a run. The wait is measured for a first run alone: when the one before has ended is not known here.
   *
   * @param started by `performance.now()`.
   */
  count(task: ClaimedTask, kind: OutcomeKind, started: number, duration: number): void {
    const series = this.#seriesOf(task);
    const end = series * ENDS + PLACE_OF[kind];
    this.#bank.ends[end] = (this.#bank.ends[end] ?? 0) + 1;
    this.#measure(series, RUN, duration);
    const { scheduledAt, expectedAt } = task;
    if (!task.again) {
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

  #seriesOf(task: Series): number {
    const number = this.#series.get(task.queue)?.get(task.model)?.get(task.method);
    return number ?? this.#add(task);
  }

  #add(names: Series): number {
    const { used } = this.#bank;
    if (used < NAMED) return this.#remember(names, this.#bank.add(seriesKey(names)) ?? LAST);
    // A queue whose other methods are counted together.
    const others = othersOf(names.queue);
    const known = this.#series.get(others.queue)?.get(others.model)?.get(others.method);
    if (known !== undefined) return known;
    const added = used < LAST ? this.#bank.add(seriesKey(others)) : null;
    return this.#remember(others, added ?? LAST);
  }

  #remember({ queue, model, method }: Series, number: number): number {
    let models = this.#series.get(queue);
    if (!models) this.#series.set(queue, (models = new Map<string, Map<string, number>>()));
    let methods = models.get(model);
    if (!methods) models.set(model, (methods = new Map<string, number>()));
    methods.set(method, number);
    return number;
  }

  /** The bank may have series of a thread that died. */
  #enter(): Bank {
    const bank = this.#banks[this.#turnSeen % 2 === 0 ? 0 : 1];
    this.#series = new Map();
    for (let series = 0; series < bank.used; series++) {
      this.#remember(readSeriesKey(bank.nameOf(series)), series);
    }
    return bank;
  }
}
