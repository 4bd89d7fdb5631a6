/**
 * The memory in which a thread counts its runs. The main thread shares it: no run needs a message, and the counts of a
 * thread that dies are not lost. There are two banks: the thread counts in one while the main thread reads the other.
 */
import {
  MEASURES,
  OTHERS,
  othersOf,
  readSeriesKey,
  RUN_ENDS,
  type Series,
  type SeriesCounts,
} from "../statistics/counts.ts";
import { BUCKETS } from "../statistics/histogram.ts";

/** A thread counts so many series apart; then all other methods of a queue together, and those of further queues. */
export const NAMED = 200;
const SERIES = 256;
export const LAST = SERIES - 1;

/** Characters of the names of all series of a bank. */
const CHARACTERS = 65_536;

export const ENDS = RUN_ENDS.length;
export const MEASURE_COUNT = MEASURES.length;

/** The sums of all measures of a series, then their worst values. */
export const DOUBLES = 2 * MEASURE_COUNT;

const DOUBLES_BYTES = SERIES * DOUBLES * Float64Array.BYTES_PER_ELEMENT;
/** How many series there are; where the name of each ends; then the counts. */
const WORDS = 1 + SERIES + SERIES * (ENDS + MEASURE_COUNT * BUCKETS);
const NAMES_AT = DOUBLES_BYTES + WORDS * Uint32Array.BYTES_PER_ELEMENT;
const BANK_BYTES = Math.ceil((NAMES_AT + CHARACTERS * Uint16Array.BYTES_PER_ELEMENT) / 8) * 8;

/** The number of the bank's turn comes first. */
const HEADER_BYTES = 8;

/** Pages that no run has touched take no memory. */
export function createRunCounters(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + 2 * BANK_BYTES);
}

export function openBanks(buffer: SharedArrayBuffer): {
  /** Counts the switches: an even number means the first bank. */
  readonly turn: Int32Array;
  readonly banks: readonly [Bank, Bank];
} {
  return {
    turn: new Int32Array(buffer, 0, 1),
    banks: [new Bank(buffer, 0), new Bank(buffer, 1)],
  };
}

/** The counts of some series. */
export class Bank {
  readonly doubles: Float64Array;
  readonly ends: Uint32Array;
  readonly buckets: Uint32Array;
  readonly #used: Int32Array;
  readonly #nameEnds: Uint32Array;
  readonly #names: Uint16Array;

  constructor(buffer: SharedArrayBuffer, number: 0 | 1) {
    const at = HEADER_BYTES + number * BANK_BYTES;
    const usedAt = at + DOUBLES_BYTES;
    const endsAt = usedAt + 4 * (1 + SERIES);
    this.doubles = new Float64Array(buffer, at, SERIES * DOUBLES);
    this.#used = new Int32Array(buffer, usedAt, 1);
    this.#nameEnds = new Uint32Array(buffer, usedAt + 4, SERIES);
    this.ends = new Uint32Array(buffer, endsAt, SERIES * ENDS);
    this.buckets = new Uint32Array(
      buffer,
      endsAt + 4 * SERIES * ENDS,
      SERIES * MEASURE_COUNT * BUCKETS,
    );
    this.#names = new Uint16Array(buffer, at + NAMES_AT, CHARACTERS);
  }

  get used(): number {
    return Atomics.load(this.#used, 0);
  }

  /** Adds a series; null where its name does not fit. */
  add(key: string): number | null {
    const { used } = this;
    const from = this.#nameEnd(used - 1);
    if (from + key.length > CHARACTERS) return null;
    for (let index = 0; index < key.length; index++) {
      this.#names[from + index] = key.charCodeAt(index);
    }
    this.#nameEnds[used] = from + key.length;
    Atomics.store(this.#used, 0, used + 1); // the name first: the main thread reads it
    return used;
  }

  nameOf(series: number): string {
    const [from, to] = [this.#nameEnd(series - 1), this.#nameEnd(series)];
    let name = "";
    for (let index = from; index < to; index++)
      name += String.fromCharCode(this.#names[index] ?? 0);
    return name;
  }

  #nameEnd(series: number): number {
    return series < 0 ? 0 : (this.#nameEnds[series] ?? 0);
  }

  /** Adds all counts to these, and sets them to zero. */
  take(counts: SeriesCounts): void {
    for (let series = 0; series < this.used; series++) {
      this.#addTo(counts, series, readSeriesKey(this.nameOf(series)));
    }
    if (this.#hasRuns(LAST)) this.#addTo(counts, LAST, othersOf(OTHERS));
    this.#clear();
  }

  #hasRuns(series: number): boolean {
    return this.ends.subarray(series * ENDS, (series + 1) * ENDS).some((count) => count > 0);
  }

  #addTo(counts: SeriesCounts, series: number, names: Series): void {
    if (!this.#hasRuns(series)) return; // the thread died in between
    const into = counts.of(names);
    RUN_ENDS.forEach((end, index) => (into.ends[end] += this.ends[series * ENDS + index] ?? 0));
    MEASURES.forEach((measure, index) => {
      const at = (series * MEASURE_COUNT + index) * BUCKETS;
      const pairs: [number, number][] = [];
      this.buckets.subarray(at, at + BUCKETS).forEach((count, bucket) => {
        if (count > 0) pairs.push([bucket, count]);
      });
      const doubles = series * DOUBLES + index;
      const [sum = 0, worst = 0] = [this.doubles[doubles], this.doubles[doubles + MEASURE_COUNT]];
      into.measures[measure].addCounts(pairs, sum, worst);
    });
  }

  #clear(): void {
    const to = this.#hasRuns(LAST) ? SERIES : this.used;
    this.ends.fill(0, 0, to * ENDS);
    this.buckets.fill(0, 0, to * MEASURE_COUNT * BUCKETS);
    this.doubles.fill(0, 0, to * DOUBLES);
    Atomics.store(this.#used, 0, 0);
  }
}

/** Reads what a thread has counted. */
export class CounterReader {
  readonly #turn: Int32Array;
  readonly #banks: readonly [Bank, Bank];

  constructor(buffer: SharedArrayBuffer) {
    ({ turn: this.#turn, banks: this.#banks } = openBanks(buffer));
  }

  /** Lets the thread count in the other bank, once it counts again. Take what the first one has a little later. */
  switch(): void {
    Atomics.add(this.#turn, 0, 1);
  }

  /** Takes the counts of the bank in which the thread does not count any more. */
  take(counts: SeriesCounts): void {
    const isEven = Atomics.load(this.#turn, 0) % 2 === 0;
    this.#banks[isEven ? 1 : 0].take(counts);
  }

  /** Takes all counts. Call it once the thread is gone. */
  takeAll(counts: SeriesCounts): void {
    for (const bank of this.#banks) bank.take(counts);
  }

  /** True where the thread has counted a run since the last switch. */
  get hasCounted(): boolean {
    const isEven = Atomics.load(this.#turn, 0) % 2 === 0;
    return this.#banks[isEven ? 0 : 1].used > 0;
  }
}
