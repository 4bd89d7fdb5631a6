/** Refuses pushes while the queue is full. */
import { monotonicNow } from "../clock.ts";
import type { TqError } from "../errors.ts";
import { queueFull } from "../store/push-words.ts";
import type { Connection } from "./connection.ts";
import { lock } from "./locks.ts";

/** A count is trusted this long. */
const COUNT_TRUSTED_MS = 1_000;

/** A count that takes longer is not made at each refusal. */
const SLOW_COUNT_MS = 20;

/** After a slow count of a full queue the next one waits this many times as long as it took. */
const RECOUNT_FACTOR = 10;

/** Ready and scheduled tasks, each part by its index; and the connections of programs, of which each may push. */
const COUNT = `
  SELECT ((SELECT count(*) FROM tq.task WHERE state = 'ready' AND suspect = 0) +
          (SELECT count(*) FROM tq.task WHERE state = 'ready' AND suspect > 0) +
          (SELECT count(*) FROM tq.task WHERE state = 'scheduled'))::float8 AS size,
         (SELECT count(*) FROM pg_stat_activity
           WHERE datname = current_database() AND starts_with(application_name, 'tq'))::float8 AS connections`;

/**
 * A program far from the limit trusts its count for a second, and lets in its share of half of the room that it found:
 * the queue then passes the limit only by programs that connect within that second. Near the limit a push of a transaction
 * of its own is exact: it counts at each push, while no other such push is under way. A push inside a transaction of the
 * user's counts too, but does not make others wait until that ends: such transactions that are open at the same time may
 * pass the limit by what they push.
 */
export class Capacity {
  readonly #maxSize: number;
  /** Pushes that still fit for certain, by the last count. */
  #headroom = 0;
  #countedAt = -Infinity;
  /** The size that the last refusal counted, and until when it is trusted. */
  #refused = { size: 0, until: -Infinity };

  constructor({ maxSize }: { readonly maxSize: number }) {
    this.#maxSize = maxSize;
  }

  /** True when so many tasks fit without a count; they then count as pushed. */
  admitsAtOnce(tasks: number): boolean {
    if (this.#maxSize === 0) return true;
    if (tasks > this.#headroom || monotonicNow() - this.#countedAt > COUNT_TRUSTED_MS) return false;
    this.#headroom -= tasks;
    return true;
  }

  /** Admits each of these pushes that fits; call it once for each, as it counts their tasks as pushed. */
  async admit(
    db: Connection,
    pushes: readonly number[],
    takesTurns: boolean,
  ): Promise<(TqError | null)[]> {
    const all = pushes.reduce((sum, tasks) => sum + tasks, 0);
    if (this.admitsAtOnce(all)) return pushes.map(() => null);
    let size = monotonicNow() < this.#refused.until ? this.#refused.size : null;
    if (size === null || pushes.some((tasks) => this.#fits(size ?? 0, tasks))) {
      size = await this.#count(db, takesTurns);
    }
    let admitted = size;
    return pushes.map((tasks) => {
      if (!this.#fits(admitted, tasks)) return queueFull(tasks, admitted, this.#maxSize);
      admitted += tasks;
      this.#headroom = Math.max(0, this.#headroom - tasks);
      return null;
    });
  }

  #fits(size: number, tasks: number): boolean {
    return size + tasks <= this.#maxSize;
  }

  async #count(db: Connection, takesTurns: boolean): Promise<number> {
    if (takesTurns) await lock(db, "capacity");
    const asked = monotonicNow();
    const row = await db.get<{ size: number; connections: number }>(COUNT);
    const { size = 0, connections = 1 } = row ?? {};
    const counted = monotonicNow();
    const took = counted - asked;
    this.#countedAt = asked;
    this.#headroom = Math.max(
      0,
      Math.floor((this.#maxSize - size) / (2 * Math.max(1, connections))),
    );
    const isSlow = took >= SLOW_COUNT_MS && size >= this.#maxSize;
    this.#refused = { size, until: isSlow ? counted + took * RECOUNT_FACTOR : -Infinity };
    return size;
  }

  /** The sentence with which a push of so many tasks would be refused now; null: none. */
  async refusal(db: Connection, tasks: number): Promise<string | null> {
    if (this.#maxSize === 0) return null;
    const isTrusted = monotonicNow() - this.#countedAt <= COUNT_TRUSTED_MS;
    if (isTrusted && tasks <= this.#headroom) return null;
    const size = await this.#count(db, false);
    return this.#fits(size, tasks) ? null : queueFull(tasks, size, this.#maxSize).message;
  }
}
