/** Which methods are quick: only those run in batches. */
import { MAX_HELD } from "../shared-memory/progress.ts";

/** So many runs in a row must have been quick. */
const RUNS = 20;

/** On average over those runs: ms. */
const QUICK = 1;

/** A run counts for so many times the average at most, and a little: ms. */
const OUTLIER = 4;
const OUTLIER_FLOOR = 0.2;

/** A batch makes about so much work: ms. */
const BATCH = 5;

/** How the last runs of one method went. */
export class MethodRuns {
  #count = 0;
  /** Moving average: ms. */
  #average = 0;

  /** Records a run that settled without waiting. */
  settledAtOnce(duration: number): void {
    this.#count += 1;
    // One run that the system held up says little; a method that has become slow shows in a few runs.
    const most = this.#count === 1 ? duration : OUTLIER * this.#average + OUTLIER_FLOOR;
    this.#average += (Math.min(duration, most) - this.#average) / Math.min(this.#count, RUNS);
  }

  /**
   * Records a run that waited for something, or that runs outside any transaction: the method runs alone until
   * it has proved itself again.
   */
  waited(): void {
    this.#count = 0;
    this.#average = 0;
  }

  get isQuick(): boolean {
    return this.#count >= RUNS && this.#average < QUICK;
  }

  /** How many runs make a batch; 1 when it is not quick. */
  get batchSize(): number {
    if (!this.isQuick) return 1;
    return Math.max(1, Math.min(MAX_HELD, Math.floor(BATCH / Math.max(this.#average, 0.001))));
  }
}

export class Methods {
  readonly #byModel = new Map<string, Map<string, MethodRuns>>();

  /** The runs of this task's method. */
  of({ model, method }: { readonly model: string; readonly method: string }): MethodRuns {
    let byMethod = this.#byModel.get(model);
    if (!byMethod) this.#byModel.set(model, (byMethod = new Map<string, MethodRuns>()));
    let runs = byMethod.get(method);
    if (!runs) byMethod.set(method, (runs = new MethodRuns()));
    return runs;
  }
}
