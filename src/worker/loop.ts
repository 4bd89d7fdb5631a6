/** A thread's loop: claim, run, settle and claim again; when there is nothing, wait to be woken. */
import { toErrorData } from "../outcome.ts";
import type { ClaimedTask } from "../task.ts";
import { type Bench, claimNext, runAlone } from "./round.ts";

export class Loop {
  readonly #bench: Bench;
  readonly #idle: () => void;
  readonly #maxTasks: number;
  #stopping = false;
  #ran = 0;
  /** Claimed and not begun. */
  #held: ClaimedTask[] = [];
  #wake = Promise.withResolvers<void>();

  /**
   * @param idle called each time there is nothing to do.
   * @param maxTasks ends after so many; 0: no limit.
   */
  constructor(bench: Bench, idle: () => void, maxTasks: number) {
    this.#bench = bench;
    this.#idle = idle;
    this.#maxTasks = maxTasks;
  }

  wake(): void {
    this.#wake.resolve();
  }

  /** Claims nothing more; what runs ends, what has not begun goes back. */
  stop(): void {
    this.#stopping = true;
    this.wake();
  }

  /** Resolves when it was told to stop, or has run as many tasks as it may. */
  async run(): Promise<"stopped" | "retired"> {
    while (!this.#stopping && !this.#tired()) {
      try {
        await this.#round();
      } catch (error) {
        await this.#trouble(error);
      }
    }
    await this.#handBack();
    return this.#stopping ? "stopped" : "retired";
  }

  async #round(): Promise<void> {
    if (this.#held.length === 0) this.#held = await this.#claim();
    const task = this.#held.shift();
    if (!task) return this.#sleep();
    this.#ran += 1;
    const next = await runAlone(this.#bench, task, () => this.#nextClaim());
    this.#held.push(...next);
  }

  #tired(): boolean {
    return this.#maxTasks > 0 && this.#ran >= this.#maxTasks;
  }

  #nextClaim(): number {
    return this.#stopping || this.#tired() || this.#held.length > 0 ? 0 : 1;
  }

  async #claim(): Promise<ClaimedTask[]> {
    // The new promise first: a wake-up that comes while we look must not be lost.
    this.#wake = Promise.withResolvers<void>();
    const { store, queues } = this.#bench;
    const due = await store.nextDue();
    const ready = await store.countReady(queues, 1);
    if (ready === 0 && (due === null || due > store.now())) return [];
    return store.write((session) => claimNext(this.#bench, session, this.#nextClaim()));
  }

  async #sleep(): Promise<void> {
    if (this.#stopping) return;
    this.#idle();
    await this.#wake.promise;
  }

  async #handBack(): Promise<void> {
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) await this.#bench.store.write((session) => session.handBack(held));
  }

  /**
   * The database refused (full, read-only, locked by another program): nothing of the round is kept. Says
   * so, waits a little, and gives the round's claims back as soon as that can be written.
   */
  async #trouble(error: unknown): Promise<void> {
    const { store, report, owner } = this.#bench;
    report({ name: "store.failed", database: store.path, error: toErrorData(error) });
    const since = performance.now();
    for (let wait = 100; ; wait = Math.min(wait * 2, 5_000)) {
      this.#wake = Promise.withResolvers<void>();
      await Promise.race([Bun.sleep(wait), this.#wake.promise]);
      try {
        this.#held = [];
        await store.rescueThread(owner, { running: null, reason: "", maxCrashes: null });
        break;
      } catch {
        if (this.#stopping) throw error;
      }
    }
    report({ name: "store.recovered", database: store.path, duration: performance.now() - since });
  }
}
