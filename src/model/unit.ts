/**
 * A unit of work: what one transaction has done so far. It holds no lock until it writes, and then
 * until it ends.
 */
import { TqError } from "../errors.ts";
import type { Claim, NewTask } from "../task.ts";
import type {
  Change,
  ColumnValue,
  Condition,
  Row,
  SearchOptions,
  Table,
} from "../store/records.ts";
import type { Session, Store } from "../store/store.ts";

/** Somebody else changed a row between our read and our write. */
export class StaleError extends TqError {
  constructor(table: Table, id: number, columns: readonly string[]) {
    super(
      "conflict",
      `Cannot save ${table.name} ${id}: ${columns.join(", ")} was changed by another transaction since it was read; call lock(records) before reading, or run the transaction again`,
    );
  }
}

export interface UnitOptions {
  /** The session of a task's thread; none: one is leased when it is needed. */
  readonly session?: Session;
  /** Take the write lock at the first touch of the database: what is read cannot change then. */
  readonly locked?: boolean;
  /** Keep what this unit does in a savepoint of a transaction that others share. */
  readonly savepoint?: boolean;
  /** The claim that must hold at a commit in the middle of a task. */
  readonly claim?: Claim;
}

export class Unit {
  readonly store: Store;
  #options: UnitOptions;
  #session: Session | null;
  #inSavepoint = false;
  #ended = false;
  #stale = false;
  /** Ids pushed and not committed yet, and those that are. */
  #pushed: number[] = [];
  readonly #committed: number[] = [];
  readonly #pending = new Set<Promise<unknown>>();
  /** Columns that this unit has written: who overwrites its own value is not in anybody's way. */
  readonly #written = new Set<string>();

  constructor(store: Store, options: UnitOptions = {}) {
    this.store = store;
    this.#options = options;
    this.#session = options.session ?? null;
  }

  /** True when a write found a row changed: what this unit did must not be committed. */
  get stale(): boolean {
    return this.#stale;
  }

  /** True when what is read now cannot change until the unit ends. */
  get writing(): boolean {
    return this.#session?.writing ?? false;
  }

  /** The ids of the pushed tasks that are committed. */
  get committed(): readonly number[] {
    return this.#committed;
  }

  /** The connection itself; from here on the unit holds the write lock. */
  get database(): unknown {
    const { savepoint = false } = this.#options;
    const open = savepoint && !this.#inSavepoint;
    const database = this.#use().raw(open);
    if (open) this.#inSavepoint = true;
    return database;
  }

  /** Takes the write lock, for a write: what follows can be undone by itself. */
  async begin(): Promise<void> {
    await this.#lock();
    if (this.#options.savepoint && !this.#inSavepoint) {
      await this.#use().savepoint();
      this.#inSavepoint = true;
    }
  }

  async #lock(): Promise<void> {
    const session = this.#use();
    if (!session.writing) await session.begin();
  }

  #use(): Session {
    if (this.#ended) {
      throw new TqError(
        "conflict",
        "Cannot use this transaction: it has ended; await everything before its function returns",
      );
    }
    return (this.#session ??= this.store.session());
  }

  /** Work that the commit waits for, whether or not its caller does. */
  track<T>(work: () => Promise<T>): Promise<T> {
    const done = Promise.withResolvers<void>();
    this.#pending.add(done.promise);
    const finish = async (): Promise<T> => {
      try {
        return await work();
      } finally {
        this.#pending.delete(done.promise);
        done.resolve();
      }
    };
    return finish();
  }

  push(tasks: readonly NewTask[]): Promise<number[]> {
    return this.track(async () => {
      await this.begin();
      const ids = await this.#use().push(tasks);
      for (const id of ids) this.#pushed.push(id);
      return ids;
    });
  }

  /** Goes on by itself on another session: it waits, and has not touched the shared one yet. */
  detach(session: Session): void {
    const { claim } = this.#options;
    this.#session = session;
    this.#options = { session, ...(claim && { claim }) };
  }

  /** Waits for tracked work. An error in it is its promise's own, as with any other promise. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    if (this.#stale) {
      throw new TqError(
        "conflict",
        "Cannot commit: a record was changed by another transaction; run the transaction again",
      );
    }
  }

  /** Commits what was done so far. @throws TqError "conflict" when the claim of its task was lost. */
  async commit(): Promise<void> {
    await this.settled();
    const session = this.#session;
    if (session?.writing) {
      const { claim, savepoint } = this.#options;
      if (claim && !(await session.holds(claim))) {
        await session.rollback();
        throw new TqError(
          "conflict",
          "Cannot commit: this run lost its claim; nothing of it is kept",
        );
      }
      if (savepoint) throw new TqError("conflict", "Cannot commit in the middle of a batch");
      await session.commit();
    }
    this.keep();
  }

  /** What was pushed is on its way to disk with the transaction. */
  keep(): void {
    this.#committed.push(...this.#pushed);
    this.#pushed = [];
  }

  /** Closes the savepoint, keeping or undoing what was done in it. */
  async closeSavepoint(keep: boolean): Promise<void> {
    if (!this.#inSavepoint) return;
    this.#inSavepoint = false;
    if (keep) await this.#use().release();
    else await this.#use().rollbackToSavepoint();
  }

  /** Ends the unit; what it leased goes back, and every later use is refused. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#options.session && this.#session) await this.store.release(this.#session);
  }

  /** Makes the table, or what it lacks. */
  async ensureTable(table: Table): Promise<void> {
    await this.#use().records.ensureTable(table);
  }

  async read(table: Table, ids: readonly number[]): Promise<Row[]> {
    if (this.#options.locked) await this.#lock();
    return this.#use().records.read(table, ids);
  }

  async search(
    table: Table,
    conditions: readonly Condition[],
    options: SearchOptions,
  ): Promise<Row[]> {
    if (this.#options.locked) await this.#lock();
    return this.#use().records.search(table, conditions, options);
  }

  async insert(table: Table, values: readonly ColumnValue[]): Promise<number> {
    await this.begin();
    return this.#use().records.insert(table, values);
  }

  /** @throws StaleError when a column no longer holds what was read. */
  async update(table: Table, id: number, changes: readonly Change[]): Promise<void> {
    await this.begin();
    const guarded = changes.map((change) => this.#unguardOwn(table, id, change));
    const result = await this.#use().records.update(table, id, guarded);
    if (result === "gone") {
      throw new TqError("not_found", `Cannot save ${table.name} ${id}: it no longer exists`);
    }
    if (result === "changed") {
      this.#stale = true;
      throw new StaleError(
        table,
        id,
        changes.map(({ column }) => column),
      );
    }
    for (const change of changes) {
      if ("before" in change) this.#written.add(columnKey(table, id, change.column));
    }
  }

  #unguardOwn(table: Table, id: number, change: Change): Change {
    if (!("before" in change) || !this.#written.has(columnKey(table, id, change.column))) {
      return change;
    }
    return { column: change.column, value: change.value };
  }

  async delete(table: Table, ids: readonly number[]): Promise<void> {
    await this.begin();
    await this.#use().records.delete(table, ids);
  }
}

function columnKey(table: Table, id: number, column: string): string {
  return `${table.name} ${id} ${column}`;
}
