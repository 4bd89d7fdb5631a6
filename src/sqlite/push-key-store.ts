/** Keys of pushes on SQLite. */
import type { PushGroup } from "../store/push-group.ts";
import type { OncePushed, PushKey, PushKeyStore } from "../store/push-keys.ts";
import type { NewTask } from "../task.ts";
import * as keys from "./sql/push-keys.ts";
import type { StatisticsAccess } from "./statistics-store.ts";

export class SqlitePushKeys implements PushKeyStore {
  readonly #access: StatisticsAccess;
  readonly #pushes: PushGroup;
  readonly #flush: () => Promise<void>;

  /** @param flush resolves when all that can be read is on disk. */
  constructor(access: StatisticsAccess, pushes: PushGroup, flush: () => Promise<void>) {
    this.#access = access;
    this.#pushes = pushes;
    this.#flush = flush;
  }

  async find(key: PushKey): Promise<number[] | null> {
    const ids = await this.#access.read((db) => keys.findPushed(db, key));
    if (ids !== null) await this.#flush(); // the commit of the other push may be on its way to the disk
    return ids;
  }

  push(tasks: readonly NewTask[], key: PushKey): Promise<OncePushed> {
    return this.#pushes.pushOnce(tasks, key);
  }

  async tidy(now: number): Promise<boolean> {
    const isAny = await this.#access.read((db) => keys.hasOldKeys(db, now));
    return isAny && this.#access.write((db) => keys.forgetOldKeys(db, now));
  }
}
