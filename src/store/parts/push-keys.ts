/** Keys of pushes. */
import type { Soon } from "../../soon.ts";
import type { NewTask } from "../../task.ts";
import type { PushGroup } from "../push-group.ts";
import type { OncePushed, PushKey, PushKeyStore } from "../push-keys.ts";
import type { Access } from "./access.ts";

export interface PushKeyStatements<Db> {
  findPushed(db: Db, key: PushKey): Soon<number[] | null>;
  hasOldKeys(db: Db, now: number): Soon<boolean>;
  forgetOldKeys(db: Db, now: number): Soon<boolean>;
}

export class PushKeys<Db> implements PushKeyStore {
  readonly #access: Access<Db>;
  readonly #statements: PushKeyStatements<Db>;
  readonly #pushes: PushGroup;
  readonly #flush: () => Promise<void>;

  /** @param flush resolves when all that can be read is on disk. */
  constructor(
    access: Access<Db>,
    statements: PushKeyStatements<Db>,
    pushes: PushGroup,
    flush: () => Promise<void>,
  ) {
    this.#access = access;
    this.#statements = statements;
    this.#pushes = pushes;
    this.#flush = flush;
  }

  async find(key: PushKey): Promise<number[] | null> {
    const ids = await this.#access.read((db) => this.#statements.findPushed(db, key));
    if (ids !== null) await this.#flush(); // the commit of the other push may be on its way to the disk
    return ids;
  }

  push(tasks: readonly NewTask[], key: PushKey): Promise<OncePushed> {
    return this.#pushes.pushOnce(tasks, key);
  }

  async tidy(now: number): Promise<boolean> {
    const isAny = await this.#access.read((db) => this.#statements.hasOldKeys(db, now));
    return isAny && this.#access.write((db) => this.#statements.forgetOldKeys(db, now));
  }
}
