/** Capacity for one more push: the size of the queue, and the free space of its disk. */
import type { Database } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../../clock.ts";
import { TqError } from "../../errors.ts";

export interface CapacityOptions {
  readonly path: string;
  /** Ready and scheduled tasks that the queue takes; 0: no limit. */
  readonly maxSize: number;
  /** Free bytes on the disk below which pushes are refused, so that what is there still drains. */
  readonly minFree: number;
}

/** Between two looks at the disk, and the longest that a count is trusted: ms. */
const FRESH = 1_000;

/** A count that takes longer keeps the write lock for too long to be made at each refusal: ms. */
const DEAR = 5;

/** A full queue is then counted again after so many times as long as the count took. */
const REST = 10;

const COUNT = `
  SELECT (SELECT count(*) FROM tq__task WHERE state = 'ready' AND suspect = 0)
       + (SELECT count(*) FROM tq__task WHERE state = 'ready' AND suspect = 1)
       + (SELECT count(*) FROM tq__task WHERE state = 'scheduled') AS size`;

export class Capacity {
  readonly #options: CapacityOptions;
  /** Pushes that fit for certain, as far as the last count goes. */
  #headroom = 0;
  #countedAt = -Infinity;
  /** What the last refusal has counted, and how long that is as good as a new count. */
  #refused = { size: 0, until: -Infinity };
  #free = Infinity;
  #lookedAt = -Infinity;

  constructor(options: CapacityOptions) {
    this.#options = options;
  }

  /**
   * Refuses a push for which there is no room. Counting is dear, so half of the room found by one count is
   * given away without another.
   *
   * @throws TqError "full"
   */
  check(db: Database, tasks: number, clock: Clock): void {
    const now = clock.monotonic();
    this.#checkDisk(now);
    const { maxSize } = this.#options;
    if (maxSize === 0) return;
    if (tasks > this.#headroom || now - this.#countedAt > FRESH) {
      if (now < this.#refused.until) this.#checkSize(this.#refused.size, tasks);
      const { size } = db.query(COUNT).get() as { size: number };
      const counted = clock.monotonic();
      const took = counted - now;
      this.#refused = { size, until: took < DEAR ? -Infinity : counted + took * REST };
      this.#checkSize(size, tasks);
      this.#refused.until = -Infinity;
      this.#headroom = Math.max(tasks, Math.floor((maxSize - size) / 2));
      this.#countedAt = now;
    }
    this.#headroom -= tasks;
  }

  #checkSize(size: number, tasks: number): void {
    const { maxSize } = this.#options;
    if (size + tasks <= maxSize) return;
    const what = tasks === 1 ? "a task" : `${tasks} tasks`;
    const advice = tasks > maxSize ? "push fewer at a time" : "wait until some have run";
    throw new TqError(
      "full",
      `Cannot push ${what}: the queue has ${size}, and queue.max_size is ${maxSize}; ${advice}, or raise it`,
    );
  }

  #checkDisk(now: number): void {
    const { minFree, path } = this.#options;
    if (minFree === 0) return;
    if (now - this.#lookedAt > FRESH) {
      this.#free = freeBytes(path);
      this.#lookedAt = now;
    }
    if (this.#free >= minFree) return;
    throw new TqError(
      "full",
      `Cannot push: the disk of ${path} has ${megabytes(this.#free)} MB free, and database.min_free_mb is ${megabytes(minFree)}; free some space`,
    );
  }
}

/** Free bytes on the disk of this file. */
export function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return Infinity; // a file system that does not say
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}
