/** Refuses pushes while the queue is full, or its disk nearly so. */
import { type Database, SQLiteError } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { type Clock, monotonicNow } from "../../clock.ts";
import { isTqError, messageOf, TqError } from "../../errors.ts";
import { queueFull } from "../../store/push-words.ts";
import { countWaiting } from "../sql/counts.ts";

export interface CapacityOptions {
  readonly path: string;
  /** Ready and scheduled tasks that the queue takes; 0: no limit. */
  readonly maxSize: number;
  /** Free bytes on the disk below which pushes are refused, so that stored tasks can still run. */
  readonly minFree: number;
}

/** A count of the queue, or of the disk's free bytes, is trusted this long. */
const COUNT_TRUSTED_MS = 1_000;

/** With fewer free bytes a disk counts as full: SQLite's own files beside the database need some. */
export const FULL_DISK_BYTES = 64 * 1024;

/** A write that the disk refused counts this long, unless one succeeds before: nobody may try again meanwhile. */
const MET_MS = 10_000;

/** A count that takes longer is not made at each refusal: it holds the write lock. */
const SLOW_COUNT_MS = 5;

/** After a slow count of a full queue the next one waits this many times as long as it took. */
const RECOUNT_FACTOR = 10;

export class Capacity {
  readonly #options: CapacityOptions;
  /** Pushes that still fit for certain, by the last count. */
  #headroom = 0;
  #countedAt = -Infinity;
  /** The size that the last refusal counted, and until when it is trusted. */
  #refused = { size: 0, until: -Infinity };
  #free = Infinity;
  #lookedAt = -Infinity;
  /** The failure that the last write met, and when; null: it succeeded. */
  #met: { readonly error: TqError; readonly at: number } | null = null;

  constructor(options: CapacityOptions) {
    this.#options = options;
  }

  /**
   * Call it once for each push: it counts the tasks as pushed. Counting is slow, so each count lets as many tasks in as
   * fill half of the room that it found. Other processes push too, so it does not let in more.
   *
   * @throws TqError "full" when the tasks do not fit.
   */
  check(db: Database, tasks: number, clock: Clock): void {
    const now = clock.monotonic();
    this.#checkDisk(now);
    const { maxSize } = this.#options;
    if (maxSize === 0) return;
    if (tasks > this.#headroom || now - this.#countedAt > COUNT_TRUSTED_MS) {
      if (now < this.#refused.until) this.#checkSize(this.#refused.size, tasks);
      const size = countWaiting(db);
      const counted = clock.monotonic();
      const took = counted - now;
      this.#refused = {
        size,
        until: took < SLOW_COUNT_MS ? -Infinity : counted + took * RECOUNT_FACTOR,
      };
      this.#checkSize(size, tasks); // when it throws, the next refusals trust this count
      this.#refused.until = -Infinity;
      this.#headroom = Math.max(tasks, Math.floor((maxSize - size) / 2));
      this.#countedAt = now;
    }
    this.#headroom -= tasks;
  }

  /** Call it with the error of each write. @returns the same error */
  noted(error: unknown): unknown {
    if (isTqError(error) && isOfDisk(error)) this.#met = { error, at: monotonicNow() };
    return error;
  }

  /** Call it after each write. */
  wrote(): void {
    this.#met = null;
  }

  /** For those who ask, also in other processes than the one that writes. @throws TqError where the disk takes no writes. */
  checkWrites(): void {
    if (this.#met !== null && monotonicNow() - this.#met.at < MET_MS) throw this.#met.error;
    const { path } = this.#options;
    if (freeBytes(path) < FULL_DISK_BYTES) throw diskFull(path);
  }

  /** Why the disk takes no writes, so that no task can run; null: it takes them. */
  refusal(): string | null {
    try {
      this.checkWrites();
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  #checkSize(size: number, tasks: number): void {
    const { maxSize } = this.#options;
    if (size + tasks <= maxSize) return;
    throw queueFull(tasks, size, maxSize);
  }

  #checkDisk(now: number): void {
    const { minFree, path } = this.#options;
    if (minFree === 0) return;
    if (now - this.#lookedAt > COUNT_TRUSTED_MS) {
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

function isOfDisk({ cause }: TqError): boolean {
  return cause instanceof SQLiteError && /^SQLITE_(FULL|IOERR)/.test(cause.code ?? "");
}

export function diskFull(path: string): TqError {
  return new TqError(
    "full",
    `Cannot write to ${path}: the disk is full; free some space and try again`,
  );
}

/** Free bytes on the disk of this file; Infinity where the file system does not tell. */
export function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1_000_000);
}
