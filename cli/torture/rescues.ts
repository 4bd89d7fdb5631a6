/** Measures how long the tasks of a killed worker wait until they are put back. */
import { insist } from "./insist.ts";
import type { Store } from "../../src/store/store.ts";

const LOOK_EVERY_MS = 5;

export class Rescues {
  readonly #store: Store;
  readonly #isAlive: (pid: number) => boolean;
  /** The promise of tq, in ms. */
  readonly #limit: number;
  /** The slowest rescue, in ms. */
  slowest = 0;
  /** Rescues that took longer than promised, in words. */
  readonly late: string[] = [];

  constructor(store: Store, isAlive: (pid: number) => boolean, limit: number) {
    this.#limit = limit;
    this.#store = store;
    this.#isAlive = isAlive;
  }

  /**
   * Waits until the tasks of this dead worker are put back: its row goes in the same transaction. Time counts only while
   * another worker lives that has registered, as only that one can put them back.
   *
   * @param killed when it died, by `performance.now()`
   */
  async watch(pid: number, killed: number): Promise<void> {
    for (let since = killed; ; await Bun.sleep(LOOK_EVERY_MS)) {
      const workers = (await insist(() => this.#store.workers())) ?? [];
      const now = performance.now();
      const rescued = workers.every((worker) => worker.pid !== pid);
      if (rescued) return this.#count(pid, now - since);
      if (!workers.some((worker) => this.#isAlive(worker.pid))) since = now;
    }
  }

  #count(pid: number, duration: number): void {
    this.slowest = Math.max(this.slowest, duration);
    if (duration <= this.#limit) return;
    const at = new Date().toISOString();
    this.late.push(`Rescue of worker ${pid} took ${Math.ceil(duration)} ms, until ${at}`);
  }
}
