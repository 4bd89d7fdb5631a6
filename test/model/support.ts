/** A store of its own for the models of one test, in a folder that is removed after it. */
import { spyOn } from "bun:test";
import type { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";
import { parseSettings } from "../../src/settings/config.ts";
import type { Event, EventName } from "../../src/log/events.ts";
import "../../src/index.ts";
import { Registry } from "../../src/registry/registry.ts";
import { type Runtime, enterRuntime } from "../../src/transaction/runtime.ts";
import { Transaction } from "../../src/transaction/transaction.ts";
import { TqError } from "../../src/errors.ts";
import { PostgresTransaction } from "../../src/postgres/transaction.ts";
import { FileIdentity } from "../../src/sqlite/file/identity.ts";
import type { ClaimedTask, Task } from "../../src/task.ts";
import { makeFolder } from "../support/folder.ts";
import { Audience } from "../../src/log/audience.ts";
import { lateStore } from "../support/late-store.ts";
import { IS_LATE, IS_POSTGRES, TestedDatabase } from "../support/tested-store.ts";
import { ThreadOutput } from "../../src/run/thread-output.ts";
import { redactionOf } from "../../src/registry/marked-models.ts";
import { Policies } from "../../src/registry/policies.ts";
import { QuickMethods } from "../../src/run/quick-methods.ts";
import { runAlone } from "../../src/run/alone.ts";
import { runBatch as runTogether } from "../../src/run/batch.ts";
import type { ThreadRuntime } from "../../src/run/thread-runtime.ts";
import { CounterReader, createRunCounters } from "../../src/shared-memory/counter-banks.ts";
import { RunCounters } from "../../src/shared-memory/run-counters.ts";
import { RunCounts, SeriesCounts } from "../../src/statistics/counts.ts";
import { createShared } from "../../src/shared-memory/layout.ts";
import { Progress } from "../../src/shared-memory/progress.ts";

export { errorOf, sentenceOf } from "../support/error.ts";
export { IS_LATE, IS_POSTGRES, onSqlite } from "../support/tested-store.ts";

export const NOW = Date.parse("2024-02-29T12:00:00Z");

interface Options {
  /** True: pushed tasks wait until the test runs them. */
  readonly worker?: boolean;
  /** True: on a store that answers late and is never steady. */
  readonly late?: boolean;
  /** The models file of the settings, in the folder. */
  readonly models?: string;
  readonly settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Makes the runtime that models work on; the one before comes back when it is disposed. */
export function makeRuntime({
  worker = true,
  late = IS_LATE,
  models,
  settings = {},
}: Options = {}) {
  const { path: folder, [Symbol.dispose]: remove } = makeFolder();
  const database = new TestedDatabase(folder);
  const path = join(folder, "tq.db");
  const { queue, ...others } = settings;
  const config = parseSettings(
    {
      ...(models !== undefined && { models }),
      database: { path },
      queue: { worker, ...queue },
      log: { level: "debug" },
      ...others,
    },
    "the test",
    folder,
  );
  const clock = { time: NOW, now: () => clock.time, monotonic: () => performance.now() };
  const made = database.open({
    clock,
    durability: "normal",
    queue: { max_size: config.queue.max_size },
  });
  const store = late ? lateStore(made) : made;
  const events: Event[] = [];
  const registry = new Registry();
  const runtime: Runtime = {
    store,
    config,
    registry,
    report: (event) => events.push(event),
    worker,
  };
  const leave = enterRuntime(runtime);
  const progress = new Progress(createShared(1), 1);
  const counters = createRunCounters();
  const thread: ThreadRuntime = {
    ...runtime,
    methods: new QuickMethods(store.traits),
    policies: new Policies(config.tasks),
    present: { task: null },
    progress,
    counters: new RunCounters(counters),
    audience: new Audience(config.log.level),
    redaction: redactionOf(runtime),
    output: new ThreadOutput(progress, store, null),
    owner: { worker: "w1", thread: 0 },
    queues: [],
  };

  async function claimTask(id: number): Promise<ClaimedTask> {
    const task = await store.write((session) => session.claimOne(id, thread.owner));
    if (!task) throw new Error(`Task ${id} cannot be claimed`);
    return task;
  }

  /** @param behind tasks that are claimed too, and go back as it ends. */
  async function runTask(id: number, behind: readonly number[] = []): Promise<Task> {
    const task = await claimTask(id);
    const handBack: ClaimedTask[] = [];
    for (const other of behind) handBack.push(await claimTask(other));
    thread.progress.setClaims([task]);
    thread.progress.begin(task);
    await runAlone(thread, task, () => ({ handBack, claimUpTo: 0 }));
    return getTask(id);
  }

  /**
   * Runs these in one transaction, as a worker does with quick ones; `meanwhile` comes between claim and begin.
   *
   * @param again false: not once more where the batch was undone, and they are to run again at once.
   */
  async function runBatch(
    ids: readonly number[],
    meanwhile: () => Promise<unknown> = () => Promise.resolve(),
    again = true,
  ): Promise<Task[]> {
    const claims = ids.map((id) => store.write((session) => session.claimOne(id, thread.owner)));
    const tasks = (await Promise.all(claims)).filter((task) => task !== null);
    thread.progress.setClaims(tasks);
    if (tasks[0]) thread.progress.begin(tasks[0]);
    await meanwhile();
    const end = () => ({ handBack: [], claimUpTo: 0 });
    const left = await runTogether(thread, tasks, end);
    if (again && left[0]) {
      thread.progress.setClaims(left);
      thread.progress.begin(left[0]);
      await runTogether(thread, left, end);
    }
    return Promise.all(ids.map(getTask));
  }

  async function getTask(id: number): Promise<Task> {
    const task = await store.get(id);
    if (!task) throw new Error(`There is no task ${id}`);
    return task;
  }

  return {
    runtime,
    store,
    methods: thread.methods,
    progress: thread.progress,
    registry,
    events,
    folder,
    path,
    /** The settings of the database. */
    database: { path: database.place },
    clock,
    config,
    getTask,
    /** Runs one task as a worker does. */
    runTask,
    runBatch,
    /** Runs everything that is waiting, in the order of a worker. */
    async runAll(): Promise<Task[]> {
      const ended: Task[] = [];
      for (;;) {
        const [next] = await store.write((session) =>
          session.claim({ owner: thread.owner, queues: [], limit: 1 }),
        );
        if (!next) return ended;
        await runAlone(thread, next, () => ({ handBack: [], claimUpTo: 0 }));
        ended.push(await getTask(next.id));
      }
    },
    /** All tasks, the oldest first. */
    async tasks(): Promise<Task[]> {
      return (await store.list()).toSorted((a, b) => a.id - b.id);
    },
    /** The counts of the thread since the last call. */
    counted(): RunCounts {
      const [all, series] = [new RunCounts(), new SeriesCounts()];
      new CounterReader(counters).takeAll(series);
      for (const [, counts] of series) all.merge(counts);
      return all;
    },
    eventsOf: <N extends EventName>(name: N) =>
      events.filter((event) => event.name === name) as unknown as Event<N>[],
    /** Another program's look at the database, and its writes. */
    sql: <T = Record<string, unknown>>(text: string, ...parameters: (string | number | null)[]) =>
      database.sql<T>(text, ...parameters),
    async [Symbol.asyncDispose]() {
      leave();
      await database[Symbol.asyncDispose]();
      remove();
    },
  };
}

/** Refuses commits while it holds, as the database itself may; dispose it. */
export function refuseCommits(refuses: () => boolean): Disposable {
  const check = () => {
    if (refuses()) throw new TqError("busy", "refused");
  };
  if (!IS_POSTGRES) return spyOn(FileIdentity.prototype, "check").mockImplementation(check);
  const { prototype } = PostgresTransaction;
  const commit = prototype["commit"] as (this: PostgresTransaction, last: never) => Promise<never>;
  return spyOn(prototype, "commit").mockImplementation(async function (
    this: PostgresTransaction,
    last,
  ) {
    try {
      check();
    } catch (error) {
      await this.rollback();
      throw error;
    }
    return commit.call(this, last as never);
  });
}

/** Runs a statement in the current transaction: on SQLite at once, by its own connection. */
export async function runSql(text: string): Promise<void> {
  if (IS_POSTGRES) await Transaction.current.sql.unsafe(text);
  else Transaction.current.database.run(text);
}

/** Runs it where no transaction is current, as other code of the same program. */
export function outside<T>(fn: () => T): T {
  const key = Symbol.for("tq.transaction");
  const storage = (globalThis as unknown as Record<symbol, AsyncLocalStorage<unknown>>)[key];
  if (!storage) throw new Error("There is no storage of transactions");
  return storage.exit(fn);
}
