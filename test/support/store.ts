/** A store in a temporary folder with a clock that the test moves, and shortcuts for its methods. */
import { PRESETS } from "../../src/push/task-options.ts";
import type { Claim, ClaimedTask, NewTask } from "../../src/task.ts";
import type { SqliteOptions } from "../../src/sqlite/database.ts";
import { SqliteStore } from "../../src/sqlite/store.ts";
import type { ClaimOptions, Session } from "../../src/store/session.ts";
import type { ReadFilter } from "../../src/store/looking.ts";
import { moveAll } from "../../src/tasks/many.ts";
import type { Store } from "../../src/store/store.ts";
import type { LockWatch } from "../../src/store/worker-store.ts";
import { TestClock } from "./clock.ts";
import { makeFolder } from "./folder.ts";

export interface TestStore extends AsyncDisposable {
  readonly store: SqliteStore;
  readonly clock: TestClock;
  readonly path: string;
  /** Opens another store on the same file, as another process would; it is closed with the first. */
  open(options?: Partial<SqliteOptions>): SqliteStore;
}

/** @example await using test = makeStore(); */
export function makeStore(options: Partial<SqliteOptions> = {}): TestStore {
  const folder = makeFolder();
  const clock = new TestClock();
  const path = folder.file("tq.db");
  const stores: SqliteStore[] = [];
  function open(more: Partial<SqliteOptions> = {}): SqliteStore {
    const store = new SqliteStore({ path, clock, durability: "normal", ...options, ...more });
    stores.push(store);
    return store;
  }
  return {
    store: open(),
    clock,
    path,
    open,
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close();
      folder[Symbol.dispose]();
    },
  };
}

/** For turns in tests without a main thread, which would watch their lock. */
export const UNWATCHED: LockWatch = {
  lockAwaited() {},
  lockTaken() {},
  lockReleased() {},
};

export const OWNER = { worker: "worker-1", thread: 1 };

/** A task to push; by default `sale.process` of record 7, due at once. */
export function newTask(values: Partial<NewTask> = {}): NewTask {
  return {
    model: "sale",
    method: "process",
    instances: 7,
    args: "[]",
    context: "{}",
    user: 0,
    ...PRESETS,
    ...values,
  };
}

export async function pushOne(store: Store, values: Partial<NewTask> = {}): Promise<number> {
  const [id = 0] = await store.push([newTask(values)]);
  return id;
}

export function claim(store: Store, options: Partial<ClaimOptions> = {}): Promise<ClaimedTask[]> {
  return store.write((session) =>
    session.claim({ owner: OWNER, queues: [], limit: 1, ...options }),
  );
}

/** Claims one task. @throws Error when no task is ready. */
export async function claimFirst(
  store: Store,
  options: Partial<ClaimOptions> = {},
): Promise<ClaimedTask> {
  const [task] = await claim(store, options);
  if (!task) throw new Error("No task is ready");
  return task;
}

/** Leases a session while `fn` runs. */
export async function withSession<T>(
  store: Store,
  fn: (session: Session) => Promise<T>,
): Promise<T> {
  const session = store.session();
  try {
    return await fn(session);
  } finally {
    await store.release(session);
  }
}

/** A worker that runs no suspect. */
const ANY_WORKER = "looking";

/** The tasks of these queues that a worker could claim now, counted up to `limit`. */
export async function readyOf(
  store: Store,
  queues: readonly string[],
  limit: number,
  worker = ANY_WORKER,
): Promise<number> {
  return (await store.look({ queues, limit, worker })).ready;
}

/** The time at which the next scheduled task is due. */
export async function dueOf(store: Store): Promise<number | null> {
  return (await store.look({ queues: [], limit: 0, worker: ANY_WORKER })).due;
}

/** True until this claim is lost. */
export async function holds(session: Session, claim: Claim): Promise<boolean> {
  return (await session.lostClaims([claim])).length === 0;
}

export function cancelAll(store: Store, filter: ReadFilter, reason?: string): Promise<number> {
  return moveAll(store, { kind: "cancel", ...(reason === undefined ? {} : { reason }) }, filter);
}

export function retryAll(store: Store, filter: ReadFilter): Promise<number> {
  return moveAll(store, { kind: "retry" }, filter);
}
