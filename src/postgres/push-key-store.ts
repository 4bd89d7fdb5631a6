/** Keys of pushes on PostgreSQL. */
import type { PushGroup } from "../store/push-group.ts";
import type { OncePushed, PushKey, PushKeyStore } from "../store/push-keys.ts";
import type { NewTask } from "../task.ts";
import type { Access } from "./access.ts";
import * as keys from "./sql/push-keys.ts";

export class PostgresPushKeys implements PushKeyStore {
  readonly #access: Access;
  readonly #pushes: PushGroup;

  constructor(access: Access, pushes: PushGroup) {
    this.#access = access;
    this.#pushes = pushes;
  }

  async find(key: PushKey): Promise<number[] | null> {
    return this.#access.read((db) => keys.findPushed(db, key));
  }

  push(tasks: readonly NewTask[], key: PushKey): Promise<OncePushed> {
    return this.#pushes.pushOnce(tasks, key);
  }

  async tidy(now: number): Promise<boolean> {
    const isAny = await this.#access.read((db) => keys.hasOldKeys(db, now));
    return isAny && this.#access.write((db) => keys.forgetOldKeys(db, now));
  }
}
