/** Finds poolers that give each transaction another connection to the server: proof of life does not pass them. */
import { clearTimeout, setTimeout } from "../clock.ts";
import { TqError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { NOTIFY } from "./notifier.ts";
import { isLockShared } from "./sql/workers.ts";

/** A notification of a process to itself arrives by then. */
const ARRIVES_MS = 2_000;

/** It is sent again this often, as the listener may have just lost its connection. */
const AGAIN_MS = 250;

export class Poolers {
  readonly #name: string;
  #arrived: (() => void) | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  /** A notification has arrived. */
  heard(): void {
    this.#arrived?.();
  }

  /**
   * @param db another connection than the one that has this lock.
   * @throws TqError "database" where such a pooler is between
   */
  async refuse(db: Connection, lock: number): Promise<void> {
    const isDirect = !(await isLockShared(db, lock)) && (await this.#hearsItself(db));
    if (isDirect) return;
    throw new TqError(
      "database",
      `Cannot use ${this.#name}: a pooler in transaction mode is between, and proof of life does not pass it; connect to the server itself, or use pool_mode = session`,
    );
  }

  async #hearsItself(db: Connection): Promise<boolean> {
    for (let waited = 0; waited < ARRIVES_MS; waited += AGAIN_MS) {
      const arrival = this.#arrival(AGAIN_MS);
      await db.get(NOTIFY);
      if (await arrival) return true;
    }
    return false;
  }

  #arrival(within: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), within);
    this.#arrived = () => resolve(true);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#arrived = null;
    });
  }
}
