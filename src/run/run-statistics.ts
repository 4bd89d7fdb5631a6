/** The statistics of one worker, or of a program that runs its own tasks: once a minute they take what was counted, and have the store add it. */
import { CounterReader, createRunCounters } from "../shared-memory/counter-banks.ts";
import { type RunEnd, type Series, SeriesCounts } from "../statistics/counts.ts";
import type { StatisticsPart } from "../store/statistics-store.ts";
import type { Store } from "../store/store.ts";
import { MINUTE_MS } from "../values/duration.ts";

/** So many series of a worker have rows of their own in a minute. */
const MOST_SERIES = 100;

export interface RunStatisticsOptions {
  /** The worker's id. */
  readonly id: string;
  readonly store: Store;
}

interface ThreadCounters {
  readonly buffer: SharedArrayBuffer;
  readonly reader: CounterReader;
}

export class RunStatistics {
  readonly #options: RunStatisticsOptions;
  readonly #threads = new Map<number, ThreadCounters>();
  /** Runs that no thread has counted: those that ended with their thread. */
  #own = new SeriesCounts();
  /** The minute whose runs are counted now; null before the first tick. */
  #minute: number | null = null;
  /** The minute that is over: the threads count in their other bank. */
  #over: number | null = null;
  /** The part that is not known to be written. */
  #part: StatisticsPart | null = null;
  #parts = 0;
  #writing: Promise<void> | null = null;

  constructor(options: RunStatisticsOptions) {
    this.#options = options;
  }

  /** Where the thread of this number counts, as the one before it did. */
  countersOf(thread: number): SharedArrayBuffer {
    let counters = this.#threads.get(thread);
    if (!counters) {
      const buffer = createRunCounters();
      this.#threads.set(thread, (counters = { buffer, reader: new CounterReader(buffer) }));
    }
    return counters.buffer;
  }

  /** Counts a run that ended with its thread. @param ran ms; null: not known */
  count(series: Series, end: RunEnd, ran: number | null): void {
    const counts = this.#own.of(series);
    counts.ends[end] += 1;
    if (ran !== null) counts.measures.run.add(ran);
  }

  /** Call it some times a minute. */
  tick(): void {
    const minute = minuteOf(this.#options.store.now());
    // The threads have switched before the last tick: nothing is added to the other bank any more.
    if (this.#over !== null) this.#take(this.#over);
    else if (this.#part === null && this.#minute !== null && minute !== this.#minute) {
      if (this.#hasCounted()) this.#switch(this.#minute);
      this.#minute = minute;
    }
    this.#minute ??= minute;
    if (this.#part !== null) this.#write();
  }

  /** Writes what is left. Call it once the threads are gone, and before the worker signs off. */
  async end(): Promise<void> {
    await this.#writing;
    if (this.#part !== null) await this.#tryToWrite(this.#part);
    const counts = this.#takeOwn();
    for (const { reader } of this.#threads.values()) reader.takeAll(counts);
    const part = this.#toPart(
      this.#over ?? this.#minute ?? minuteOf(this.#options.store.now()),
      counts,
    );
    if (part !== null) await this.#tryToWrite(part);
  }

  #hasCounted(): boolean {
    return (
      this.#own.size > 0 || [...this.#threads.values()].some(({ reader }) => reader.hasCounted)
    );
  }

  #switch(minute: number): void {
    for (const { reader } of this.#threads.values()) reader.switch();
    this.#over = minute;
  }

  #take(minute: number): void {
    this.#over = null;
    const counts = this.#takeOwn();
    for (const { reader } of this.#threads.values()) reader.take(counts);
    this.#part = this.#toPart(minute, counts);
  }

  #takeOwn(): SeriesCounts {
    const own = this.#own;
    this.#own = new SeriesCounts();
    return own;
  }

  #toPart(at: number, counts: SeriesCounts): StatisticsPart | null {
    if (counts.size === 0) return null;
    this.#parts += 1;
    const { id: worker } = this.#options;
    return { worker, number: this.#parts, at, counts: counts.top(MOST_SERIES) };
  }

  /** A write that fails is tried again at the next tick; until then the threads count on. */
  #write(): void {
    const part = this.#part;
    if (part === null || this.#writing !== null) return;
    this.#writing = this.#tryToWrite(part).finally(() => (this.#writing = null));
  }

  async #tryToWrite(part: StatisticsPart): Promise<void> {
    try {
      await this.#options.store.statistics.add(part);
      if (this.#part === part) this.#part = null;
    } catch {
      // The database is busy or full: that is said where tasks meet it.
    }
  }
}

function minuteOf(time: number): number {
  return Math.floor(time / MINUTE_MS) * MINUTE_MS;
}
