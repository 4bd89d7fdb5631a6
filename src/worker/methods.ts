/** Which methods are quick: only those run in batches. */

/** So many runs in a row must have been quick. */
const RUNS = 20;

/** On average over those runs: ms. */
const QUICK = 1;

/** A run counts for so many times the average at most, and a little: ms. */
const OUTLIER = 4;
const OUTLIER_FLOOR = 0.2;

/** A batch makes about so much work: ms. */
const BATCH = 5;

export const MAX_BATCH = 500;

interface Runs {
  count: number;
  /** Moving average: ms. */
  average: number;
}

export class Methods {
  readonly #runs = new Map<string, Runs>();

  /** Records a run that settled without waiting. */
  settledAtOnce(method: string, duration: number): void {
    const runs = this.#runs.get(method);
    if (!runs) {
      this.#runs.set(method, { count: 1, average: duration });
      return;
    }
    runs.count += 1;
    // One run that the system held up says little; a method that has become slow shows in a few runs.
    const sample = Math.min(duration, OUTLIER * runs.average + OUTLIER_FLOOR);
    runs.average += (sample - runs.average) / Math.min(runs.count, RUNS);
  }

  /** Records a run that waited for something: the method runs alone until it has proved itself again. */
  waited(method: string): void {
    this.#runs.delete(method);
  }

  isQuick(method: string): boolean {
    const runs = this.#runs.get(method);
    return runs !== undefined && runs.count >= RUNS && runs.average < QUICK;
  }

  /** How many runs of this method make a batch; 1 when it is not quick. */
  batchSize(method: string): number {
    const runs = this.#runs.get(method);
    if (!runs || !this.isQuick(method)) return 1;
    return Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH / Math.max(runs.average, 0.001))));
  }
}

export function methodKey({ model, method }: { model: string; method: string }): string {
  return `${model}.${method}`;
}
