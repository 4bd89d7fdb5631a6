/** Finds out which methods are quick: only their tasks run in batches. */
import { MAX_CLAIMS } from "../shared-memory/progress.ts";
import { SeriesNumbers } from "../shared-memory/run-counters.ts";
import type { StoreTraits } from "../store/store.ts";

/** A method is quick when this many runs in a row were quick on average. */
const RUNS = 20;

/** A run counts for at most this many times the average, plus a little: the system may have held up one run. */
const OUTLIER = 4;
const OUTLIER_FLOOR_MS = 0.2;

/**
 * An answer of a server counts for at most so long, however long the run has waited for it: a server that is busy, or far
 * away, makes no method slow.
 */
const ANSWER_MS = 0.5;

/**
 * Where a server is busy, a batch takes up to this many times the time of its own code. Smaller batches would be more
 * transactions, and make the server busier.
 */
const MOST_WAITING = 10;

/** The time in which a run has waited for answers of a server. */
export interface AnswersAwaited {
  readonly count: number;
  readonly ms: number;
}

const NO_ANSWERS: AnswersAwaited = { count: 0, ms: 0 };

/** A method whose batches met others' rows again and again runs alone for so many runs. */
const RUNS_ALONE = 1_000;

/** A method of which a run had to be undone has savepoints in its batches for so many runs. */
const RUNS_IN_SAVEPOINTS = 100;

/** The traits of a store that decide about batches. */
export type BatchTraits = Pick<StoreTraits, "maxBatch" | "maxSavepoints" | "quickMs" | "batchMs">;

class MovingAverage {
  value = 0;

  /** @param count of values, with this one. */
  add(value: number, count: number): void {
    if (count === 1) this.value = 0;
    const most = count === 1 ? value : OUTLIER * this.value + OUTLIER_FLOOR_MS;
    this.value += (Math.min(value, most) - this.value) / Math.min(count, RUNS);
  }
}

/** The last runs of one method. */
export class MethodRuns {
  /** Where its runs are counted. */
  readonly series = new SeriesNumbers();
  readonly #traits: BatchTraits;
  #count = 0;
  /** The moving average, in ms. */
  readonly #average = new MovingAverage();
  /** The same, where answers count for little. */
  readonly #own = new MovingAverage();
  /** The most runs of a batch, since batches met rows that other transactions hold; 1: it runs alone. */
  #most = Infinity;
  /** Runs since it runs alone. */
  #alone = 0;
  /** Runs since one had to be undone. */
  #sinceUndone = Infinity;

  constructor(traits: BatchTraits) {
    this.#traits = traits;
  }

  /** Records a run that settled without waiting. A method that becomes slow is found out within a few runs. */
  settledAtOnce(duration: number, { count, ms }: AnswersAwaited = NO_ANSWERS): void {
    this.#count += 1;
    this.#sinceUndone += 1;
    this.#average.add(duration, this.#count);
    this.#own.add(duration - Math.max(ms - count * ANSWER_MS, 0), this.#count);
    if (this.#most > 1) return;
    this.#alone += 1;
    if (this.#alone === RUNS_ALONE) this.#most = 2;
  }

  /**
   * Records a run that waited, or that runs outside any transaction: the method's tasks run alone until it has
   * proved itself again.
   */
  startOver(): void {
    this.#count = 0;
  }

  /** A batch met a row that another transaction held, or had changed: rows stay locked for the length of a batch. */
  metAnother(size: number): void {
    this.#most = Math.max(Math.floor(Math.min(size, this.#most) / 2), 1);
    this.#alone = 0;
  }

  /** The work of a run had to be undone: without a savepoint the batch goes with it. */
  undone(): void {
    this.#sinceUndone = 0;
  }

  /** True where no run had to be undone lately: its batches can do without savepoints. */
  get isTrusted(): boolean {
    return this.#sinceUndone >= RUNS_IN_SAVEPOINTS;
  }

  /** A batch with this method met nobody. */
  metNobody(): void {
    this.#most = this.#most >= this.#traits.maxBatch ? Infinity : this.#most + 1;
  }

  /** True where its tasks run in batches. */
  get isQuick(): boolean {
    return this.#most > 1 && this.#count >= RUNS && this.#own.value < this.#traits.quickMs;
  }

  /** The most runs of one batch: fewer than the store takes where the method's batches met others. */
  get mostInBatch(): number {
    const { maxBatch, maxSavepoints } = this.#traits;
    return Math.min(this.#most, this.isTrusted ? maxBatch : maxSavepoints);
  }

  /** How many runs make a batch; 1 when the method is not quick. */
  get batchSize(): number {
    if (!this.isQuick) return 1;
    const runsIn = (ms: number, { value }: MovingAverage) =>
      Math.floor(ms / Math.max(value, 0.001));
    const { batchMs } = this.#traits;
    const size = Math.min(
      runsIn(batchMs, this.#own),
      runsIn(MOST_WAITING * batchMs, this.#average),
    );
    return Math.max(1, Math.min(size, this.mostInBatch, MAX_CLAIMS));
  }
}

export class QuickMethods {
  readonly #traits: BatchTraits;
  readonly #byModel = new Map<string, Map<string, MethodRuns>>();
  /** The method that was asked for last: mostly it is asked for again. */
  #last: { readonly model: string; readonly method: string; readonly runs: MethodRuns } | null =
    null;

  constructor(traits: BatchTraits) {
    this.#traits = traits;
  }

  /** The runs of this task's method. */
  of({ model, method }: { readonly model: string; readonly method: string }): MethodRuns {
    const last = this.#last;
    if (last?.model === model && last.method === method) return last.runs;
    let byMethod = this.#byModel.get(model);
    if (!byMethod) this.#byModel.set(model, (byMethod = new Map<string, MethodRuns>()));
    let runs = byMethod.get(method);
    if (!runs) byMethod.set(method, (runs = new MethodRuns(this.#traits)));
    this.#last = { model, method, runs };
    return runs;
  }
}
