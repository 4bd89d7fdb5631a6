/**
 * SQLite behind real promises: a store that answers in a later turn of the event loop, and whose reads are never steady.
 * Code that passes a test on SQLite and fails it here relies on something that the contract of a store does not promise.
 */
import { nextTurn } from "../../src/next-turn.ts";
import type { ErrorData, Settlement } from "../../src/outcome.ts";
import type { NewPause, Pause, PauseTarget } from "../../src/store/pauses.ts";
import type { Records } from "../../src/store/records.ts";
import type { ClaimOptions, Ending, Owner, Session, SqlResult } from "../../src/store/session.ts";
import type { Store } from "../../src/store/store.ts";
import type { Claim, ClaimedTask, NewTask, Task } from "../../src/task.ts";

class LateSession implements Session {
  readonly inner: Session;
  readonly records: Records;
  #underWay = 0;
  #last: Promise<unknown> | null = null;

  constructor(inner: Session) {
    this.inner = inner;
    this.records = this.#lateRecords(inner.records);
  }

  /** Answers one turn later, in the order of the calls. */
  #later<T>(answer: () => T | Promise<T>): Promise<T> {
    this.#underWay += 1;
    const coming = (async () => {
      try {
        await nextTurn();
        return await answer();
      } finally {
        this.#underWay -= 1;
      }
    })();
    this.#last = coming.catch(() => undefined);
    return coming;
  }

  #lateRecords(records: Records): Records {
    return {
      hasTable: (table) => records.hasTable(table),
      ensureTable: (table) => this.#later(() => records.ensureTable(table)),
      insert: (table, values) => this.#later(() => records.insert(table, values)),
      read: (table, ids, lock) => this.#later(() => records.read(table, ids, lock)),
      search: (table, conditions, options, lock) =>
        this.#later(() => records.search(table, conditions, options, lock)),
      update: (table, id, changes, read) =>
        this.#later(() => records.update(table, id, changes, read)),
      delete: (table, ids) => this.#later(() => records.delete(table, ids)),
    };
  }

  get writing(): boolean {
    return this.inner.writing;
  }

  get steady(): boolean {
    return false;
  }

  get pendingAnswer(): Promise<unknown> | null {
    return this.#underWay > 0 ? this.#last : null;
  }

  get spoilt(): boolean {
    return this.inner.spoilt;
  }

  get transactions(): Session["transactions"] {
    return this.inner.transactions;
  }

  get followUps(): readonly number[] {
    return this.inner.followUps;
  }

  get waited(): number {
    return this.inner.waited;
  }

  raw(savepoint: boolean, check?: () => void): unknown {
    return this.inner.raw(savepoint, check);
  }

  sql(text: string, values: readonly unknown[]): Promise<SqlResult> {
    return this.#later(() => this.inner.sql(text, values));
  }

  placeholder(index: number): string {
    return this.inner.placeholder(index);
  }

  begin(): Promise<void> {
    return this.#later(() => this.inner.begin());
  }

  commit(ending?: Ending, onVisible?: () => void): Promise<ClaimedTask[]> {
    return this.#later(() => this.inner.commit(ending, onVisible));
  }

  rollback(): Promise<void> {
    return this.#later(() => this.inner.rollback());
  }

  savepoint(): Promise<void> {
    return this.#later(() => this.inner.savepoint());
  }

  releaseSavepoint(): Promise<void> {
    return this.#later(() => this.inner.releaseSavepoint());
  }

  rollbackToSavepoint(): Promise<void> {
    return this.#later(() => this.inner.rollbackToSavepoint());
  }

  push(tasks: readonly NewTask[]): Promise<number[]> {
    return this.#later(() => this.inner.push(tasks));
  }

  claim(options: ClaimOptions): Promise<ClaimedTask[]> {
    return this.#later(() => this.inner.claim(options));
  }

  claimOne(id: number, owner: Owner, evenPaused?: boolean): Promise<ClaimedTask | null> {
    return this.#later(() => this.inner.claimOne(id, owner, evenPaused));
  }

  lostClaims(claims: readonly Claim[]): Promise<readonly Claim[]> {
    return this.#later(() => this.inner.lostClaims(claims));
  }

  handBack(claims: readonly Claim[]): Promise<void> {
    return this.#later(() => this.inner.handBack(claims));
  }

  settle(claim: Claim, outcome: Settlement): Promise<boolean> {
    return this.#later(() => this.inner.settle(claim, outcome));
  }

  cancel(id: number, reason?: string): Promise<Task> {
    return this.#later(() => this.inner.cancel(id, reason));
  }

  retry(id: number): Promise<Task> {
    return this.#later(() => this.inner.retry(id));
  }

  pause(pause: NewPause): Promise<Pause> {
    return this.#later(() => this.inner.pause(pause));
  }

  resume(target: PauseTarget): Promise<Pause> {
    return this.#later(() => this.inner.resume(target));
  }

  recordLeftBehind(task: number, attempt: number, error: ErrorData, reason: string): Promise<void> {
    return this.#later(() => this.inner.recordLeftBehind(task, attempt, error, reason));
  }

  keepOutput(task: number, attempt: number, text: string): Promise<void> {
    return this.#later(() => this.inner.keepOutput(task, attempt, text));
  }

  keepCancelled(task: number, attempt: number, text: string): Promise<void> {
    return this.#later(() => this.inner.keepCancelled(task, attempt, text));
  }

  finishAtCommit(claim: Claim, result: string | null, reason: string | null): void {
    this.inner.finishAtCommit(claim, result, reason);
  }
}

/** Wraps a store: its sessions answer late, and its other calls are as they were. */
export function lateStore<S extends Store>(store: S): S {
  const session = (stray?: boolean) => new LateSession(store.session(stray));
  const release = (late: Session) => store.release((late as LateSession).inner);
  const own = {
    session,
    release,
    async write<T>(fn: (session: Session) => Promise<T>): Promise<T> {
      const late = session();
      try {
        await late.begin();
        const result = await fn(late);
        await late.commit();
        return result;
      } finally {
        await release(late);
      }
    },
  };
  return new Proxy(store, {
    get(target, key) {
      if (key in own) return own[key as keyof typeof own];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
