/**
 * Where the claims of a thread go on: what was claimed before leaves dead entries at the head of an index, which each claim
 * from there passes over until a VACUUM. While little is claimed, each claim starts at the head, and sees all.
 */
import { takesQueue } from "../store/queue-patterns.ts";
import type { ClaimedTask } from "../task.ts";

/** A place in the order of a queue. */
export interface Mark {
  readonly priority: number;
  readonly deadline: number;
  readonly id: number;
}

/** A claim starts at the head again after this, at the latest: tasks may have been pushed before the mark. */
const FROM_HEAD_MS = 50;

/** Where a start at the head takes long, such starts take at most this share of the time. */
const SHARE_FROM_HEAD = 0.1;

/** So few dead entries cost nothing that could be measured. */
const FEW = 100;

/** Where a claim starts. */
export interface Start {
  readonly isFromHead: boolean;
  readonly monotonic: number;
  /** Scheduled tasks that were due before this have been looked for lately. */
  readonly dueFrom: number;
}

export class Marks {
  /** The first task that the last claim took of each queue. */
  readonly #marks = new Map<string, Mark>();
  /** Tasks that were claimed since the last start at the head. */
  #taken = 0;
  #headAt = -Infinity;
  #headFor = FROM_HEAD_MS;
  /** The time of the store at the last start at the head. */
  #dueFrom = 0;
  /** The queues that had ready tasks at the last start at the head; null: not known. */
  #names: readonly string[] | null = null;

  /** @param monotonic the present. */
  start(monotonic: number): Start {
    const isFromHead = this.#taken < FEW || monotonic - this.#headAt >= this.#headFor;
    return { isFromHead, monotonic, dueFrom: isFromHead ? 0 : this.#dueFrom };
  }

  /** null: start at the head of this queue. */
  of(queue: string, { isFromHead }: Start): Mark | null {
    return isFromHead ? null : (this.#marks.get(queue) ?? null);
  }

  /** The known queues that match; null: look them up. */
  names(patterns: readonly string[], { isFromHead }: Start): readonly string[] | null {
    if (isFromHead || this.#names === null) return null;
    return this.#names.filter((name) => takesQueue(patterns, name));
  }

  /** True where the names that are looked up are worth to be kept. */
  get isBusy(): boolean {
    return this.#taken >= FEW;
  }

  keepNames(names: readonly string[]): void {
    this.#names = names;
  }

  /**
   * Notes what a claim has taken.
   *
   * @param tasks in their order.
   * @param isFull false: there were fewer than it wanted, so the next one starts at the head.
   */
  took(
    tasks: readonly ClaimedTask[],
    isFull: boolean,
    { isFromHead, monotonic: began }: Start,
    now: number,
    monotonic: number,
  ): void {
    if (!isFull) return this.restart();
    if (isFromHead) {
      this.#marks.clear();
      this.#taken = 0;
      this.#headAt = monotonic;
      this.#headFor = Math.max(FROM_HEAD_MS, (monotonic - began) / SHARE_FROM_HEAD);
      this.#dueFrom = now;
    }
    this.#taken += tasks.length;
    for (const { queue, priority, deadline, id } of tasks.toReversed()) {
      this.#marks.set(queue, { priority, deadline, id });
    }
  }

  /** The next claim starts at the head, and looks the queues up. */
  restart(): void {
    this.#taken = 0;
    this.#names = null;
  }
}
