/** The lives of the workers of this process: most have one, and tests several. */
import { TqError } from "../errors.ts";
import type { NewWorker } from "../store/rescue.ts";
import { type Statements, WorkerLife, type WorkerLifeOptions } from "./worker-life.ts";

export class Life {
  readonly #options: WorkerLifeOptions;
  readonly #lives = new Map<string, WorkerLife>();

  constructor(options: WorkerLifeOptions) {
    this.#options = options;
  }

  /** Registers a worker with its proof of life. @throws TqError where a connection does not keep its lock to itself */
  async take(worker: NewWorker): Promise<WorkerLife> {
    const life = new WorkerLife(this.#options, worker);
    await life.begin();
    this.#lives.set(worker.id, life);
    return life;
  }

  /** True for a worker of this process. */
  has(worker: string): boolean {
    return this.#lives.has(worker);
  }

  /** When the youngest connection that proves a life here was made, by `monotonicNow()`; null: there is none. */
  get bornAt(): number | null {
    const births = [...this.#lives.values()].map(({ bornAt }) => bornAt);
    return births.length === 0 ? null : Math.max(...births);
  }

  /** Runs statements that take no time on the connection of a life here; null: none is there. */
  get statements(): Statements | null {
    const [life] = this.#lives.values();
    return life?.statements ?? null;
  }

  /** Asks the server on each connection, as something has changed there. */
  askNow(): void {
    for (const life of this.#lives.values()) life.askNow();
  }

  /** The server has said what time it is. */
  learned(): void {
    for (const life of this.#lives.values()) life.learned();
  }

  /** @throws TqError "database" when the proof of life cannot come back */
  async check(worker: string): Promise<void> {
    const life = this.#lives.get(worker);
    if (life) return life.check();
    throw new TqError("database", `Cannot go on: the worker ${worker} has signed off`);
  }

  /** The worker is about to sign off: its life is not renewed any more. */
  leave(worker: string): void {
    this.#lives.get(worker)?.leave();
  }

  /** Frees the lock of the worker: others take it for dead where it is registered still. */
  async release(worker: string): Promise<void> {
    const life = this.#lives.get(worker);
    this.#lives.delete(worker);
    await life?.end();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#lives.keys()].map((worker) => this.release(worker)));
  }
}
