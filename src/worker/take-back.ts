/** Claims behind a slow task are taken back from its thread, so that other threads can run them. */
import { clearInterval, setInterval } from "../clock.ts";
import type { Report } from "../log/events.ts";
import { removeLeader } from "../shared-memory/leader.ts";
import type { Shared } from "../shared-memory/layout.ts";
import type { Store } from "../store/store.ts";
import type { Claim } from "../task.ts";
import type { PoolThread } from "./pool-thread.ts";

/** A thread that is seen to run the same task after this time gives back the claims behind it. */
const HELD_UP_MS = 50;

export interface TakeBackOptions {
  readonly store: Store;
  readonly leader: Shared["leader"];
  readonly report: Report;
  readonly threads: () => readonly PoolThread[];
  /** Claims were given back: other threads can run them. */
  readonly gaveBack: () => void;
}

export class TakeBack {
  readonly #options: TakeBackOptions;
  #timer: Timer | null = null;
  /** Claims that were taken back and are still to be given back. */
  #taken: Claim[] = [];
  #givingBack = false;
  #saidNotYet = false;

  constructor(options: TakeBackOptions) {
    this.#options = options;
  }

  /** Looks for threads that run one task for long, while any thread is busy. */
  watch(busy: boolean): void {
    if (busy && !this.#timer) {
      this.#timer = setInterval(() => void this.#takeFromSlow(), HELD_UP_MS);
    } else if (!busy && this.#timer && this.#taken.length === 0) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  /** Takes back all claims that have not begun. */
  async takeAll(): Promise<void> {
    await this.#takeBack(() => true);
  }

  /** Forgets what is left: as the worker signs off, the store gives it back. */
  stop(): void {
    this.#taken = [];
    this.watch(false);
  }

  /** An idle thread, whose sequence stands still too, has no claims and does not lead. */
  async #takeFromSlow(): Promise<void> {
    await this.#takeBack(({ progress, seenAtTakeBack }) => progress.sequence === seenAtTakeBack);
  }

  async #takeBack(applies: (thread: PoolThread) => boolean): Promise<void> {
    for (const thread of this.#options.threads()) {
      if (applies(thread)) {
        removeLeader(this.#options.leader, thread.number);
        if (thread.progress.unbegun > 0) this.#taken.push(...thread.progress.takeBack());
      }
      thread.seenAtTakeBack = thread.progress.sequence;
    }
    if (this.#taken.length === 0 || this.#givingBack) return;
    this.#givingBack = true;
    const isDone = await this.#giveBack();
    this.#givingBack = false;
    if (isDone) this.#options.gaveBack();
  }

  async #giveBack(): Promise<boolean> {
    const claims = this.#taken;
    this.#taken = [];
    try {
      await this.#options.store.write((session) => session.handBack(claims));
      this.#saidNotYet = false;
      return true;
    } catch (error) {
      this.#taken.push(...claims); // for the next look
      if (!this.#saidNotYet) this.#sayNotYet(claims.length, error);
      this.#saidNotYet = true;
      return false;
    }
  }

  #sayNotYet(count: number, error: unknown): void {
    const message = `Cannot give back ${count} claims yet: ${String(error)}`;
    this.#options.report({ name: "log.note", level: "warn", message });
  }
}
