/**
 * The store of `--url`: as much of the contract as commands need that look at tasks and move them, over HTTP. What it
 * does not have refuses with a sentence.
 */
import type { wholeStatus } from "../../src/admin/health.ts";
import { monotonicNow, sleep, systemClock } from "../../src/clock.ts";
import { isTqError, TqError } from "../../src/errors.ts";
import type { PushOptions } from "../../src/push/task-options.ts";
import type {
  ManyMove,
  Part,
  Place,
  QueueStatus,
  ReadFilter,
  Standing,
} from "../../src/store/looking.ts";
import type { PauseStore } from "../../src/store/pauses.ts";
import type { RunOutput, TaskProgress } from "../../src/store/task-output.ts";
import type { Store } from "../../src/store/store.ts";
import type { Attempt, Task, TaskError } from "../../src/task.ts";
import type { Client } from "./client.ts";
import { remotePauses } from "./pauses.ts";
import { pushBody, queryOf } from "./query.ts";
import {
  listOf,
  outputOf,
  pauseOf,
  rowsOf,
  StrangeRow,
  taskOf,
  text,
  textOrNull,
  workerOf,
} from "./rows.ts";

/** The most tasks of a page; the API takes no more. */
const PAGE = 1000;

/** The time between two looks at a task that is followed. */
const LOOK_MS = 500;

type Basics = "now" | "flush" | "check" | "version" | "changed" | "close";
type Looks = "get" | "getByRef" | "errors" | "attempts" | "output" | "standings" | "list" | "parts";
type Others = "matching" | "countBefore" | "lastPushedBefore" | "names" | "workers" | "isAlive";
type Moves = "retry" | "cancel" | "delete" | "place" | "moveMany";

/** The part of the contract that HTTP can do. */
type Reached = Pick<Store, Basics | Looks | Others | Moves | "pauses">;

type WholeStatus = Awaited<ReturnType<typeof wholeStatus>>;

export class RemoteStore implements Reached {
  readonly #client: Client;
  /** The next look at what a task says: a command that follows it looks more often than a network likes. */
  #mayListen = 0;
  readonly pauses: PauseStore;

  constructor(client: Client) {
    this.#client = client;
    this.pauses = remotePauses(client);
  }

  now(): number {
    return systemClock.now();
  }

  async get(id: number): Promise<Task | null> {
    return this.#whole(id, taskOf);
  }

  async getByRef(ref: string): Promise<Task | null> {
    const [task] = await this.list({ ref, limit: 1 });
    return task ?? null;
  }

  async errors(id: number): Promise<TaskError[]> {
    return (await this.#whole(id, ({ errors }) => rowsOf<TaskError>(errors))) ?? [];
  }

  async attempts(id: number): Promise<Attempt[]> {
    return (await this.#whole(id, ({ runs }) => rowsOf<Attempt>(runs))) ?? [];
  }

  async output(id: number, from = 1): Promise<RunOutput[]> {
    await sleep(Math.max(this.#mayListen - monotonicNow(), 0));
    this.#mayListen = monotonicNow() + LOOK_MS;
    return this.#log(id, from);
  }

  async #log(id: number, from: number): Promise<RunOutput[]> {
    const query = new URLSearchParams(from > 1 ? { from: String(from) } : {});
    const runs = await this.#client.get(`/tasks/${id}/log`, [], query);
    return this.#read(() => listOf(runs, outputOf));
  }

  async standings(ids: readonly number[], asked?: ReadonlySet<number>): Promise<Standing[]> {
    const tasks = await Promise.all(ids.map((id) => this.get(id)));
    const found = tasks.filter((task) => task !== null);
    return Promise.all(
      found.map(async ({ id, state, attempts, reason, result }) => {
        const isAsked = state === "running" && asked?.has(id) === true;
        const progress = isAsked ? await this.#progress(id, attempts + 1) : null;
        const json = result === null ? null : JSON.stringify(result);
        return { id, state, attempts, reason, result: json, progress };
      }),
    );
  }

  async list({ limit = PAGE, ...filter }: ReadFilter = {}): Promise<Task[]> {
    const query = queryOf(filter);
    query.set("limit", String(Math.min(limit, PAGE)));
    const { tasks } = await this.#client.get("/tasks", ["tasks", "next"], query);
    return this.#read(() => listOf(tasks, taskOf));
  }

  async *parts({ limit = Infinity, ...filter }: ReadFilter = {}): AsyncIterable<Part<Task>> {
    let [left, before] = [limit, filter.before];
    for (;;) {
      const size = Math.min(left, PAGE);
      const page = { ...filter, ...(before !== undefined && { before }), limit: size };
      const found = await this.list(page);
      left -= found.length;
      before = found.at(-1)?.id;
      const isLast = found.length < size || left <= 0 || before === undefined;
      yield { found, downTo: isLast ? null : (before ?? null) };
      if (isLast) return;
    }
  }

  async *matching(filter: ReadFilter): AsyncIterable<Part<number>> {
    for await (const { found, downTo } of this.parts(filter)) {
      yield { found: found.map(({ id }) => id), downTo };
    }
  }

  /** HTTP counts nothing: it only tells whether there is one. */
  async countBefore(filter: ReadFilter, before: number) {
    if (before <= 1) return { count: 0, isAll: true };
    const found = await this.list({ ...filter, before, limit: 1 });
    return { count: 0, isAll: found.length === 0 };
  }

  /** Not known over HTTP. */
  async lastPushedBefore(): Promise<number> {
    return Number.MAX_SAFE_INTEGER - 1;
  }

  /** Those of the queues that have something to tell, and of the models that the other machine has. */
  async names() {
    const [{ queues }, { models }] = await Promise.all([
      this.#client.get("/queues", ["queues"]),
      this.#client.get("/models", ["models"]),
    ]);
    return this.#read(() => {
      const calls = listOf(models, ({ name, methods }) =>
        listOf(methods, ({ method }) => ({ model: text(name), method: textOrNull(method) })),
      ).flat();
      const names = listOf(queues, ({ queue }) => text(queue));
      return { queues: names, models: [...new Set(calls.map(({ model }) => model))], calls };
    });
  }

  async workers() {
    const { workers } = await this.#client.get("/workers", ["workers"]);
    return this.#read(() => listOf(workers, workerOf));
  }

  async isAlive(worker: string): Promise<boolean> {
    return (await this.workers()).some(({ id, alive }) => id === worker && alive);
  }

  retry(id: number): Promise<Task> {
    return this.#moved(`/tasks/${id}/retry`);
  }

  cancel(id: number, reason?: string): Promise<Task> {
    return this.#moved(`/tasks/${id}/cancel`, reason === undefined ? {} : { reason });
  }

  place(id: number, { queue, priority }: Place): Promise<Task> {
    return this.#moved(`/tasks/${id}/move`, { queue, priority });
  }

  async delete(id: number): Promise<Task> {
    const task = await this.#client.delete(`/tasks/${id}`, ["id"]);
    return this.#read(() => taskOf(task));
  }

  async moveMany(move: ManyMove, ids: readonly number[], filter: ReadFilter): Promise<number> {
    const { kind, ...body } = move;
    const verb = kind === "place" ? "move" : kind;
    const query = queryOf(filter);
    query.set("ids", ids.join(","));
    const hasBody = kind === "place" || kind === "cancel";
    const request = { query, ...(hasBody && { body }) };
    const { moved } = await this.#client.post(`/tasks/${verb}`, ["moved"], request);
    return Number(moved);
  }

  /** The other machine has flushed the end of a task before it shows that. */
  async flush(): Promise<void> {}

  async check(): Promise<void> {}

  async version(): Promise<number> {
    return 0;
  }

  async changed(_version: number, wait: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.max(wait, LOOK_MS));
    signal?.addEventListener("abort", () => resolve(), { once: true });
    if (signal?.aborted === true) resolve();
    await promise;
    clearTimeout(timer);
  }

  async close(): Promise<void> {}

  /** For commands, which take a whole store: what it does not have is refused. */
  asStore(): Store {
    return new Proxy(this, { get: part }) as unknown as Store;
  }

  // More than the contract: the other machine has the models, and knows its own settings.

  async pushCall(options: PushOptions): Promise<number[]> {
    const { ids } = await this.#client.post("/tasks", ["ids"], { body: pushBody(options) });
    return this.#read(() => {
      if (!Array.isArray(ids) || !ids.every((id) => typeof id === "number")) throw new StrangeRow();
      return ids;
    });
  }

  /** The answer of `tq why`. */
  async explain(id: number) {
    const keys = ["id", "state", "queue", "cause", "sentence", "purpose", "command"] as const;
    const why = await this.#client.get(`/tasks/${id}/why`, keys);
    return this.#read(() => ({
      id: Number(why["id"]),
      state: text(why["state"]),
      queue: text(why["queue"]),
      cause: text(why["cause"]),
      sentence: text(why["sentence"]),
      purpose: textOrNull(why["purpose"]),
      command: textOrNull(why["command"]),
    }));
  }

  /** The answer of `tq status`. */
  async wholeStatus() {
    const keys = ["mode", "version", "queues", "pauses", "workers", "problems", "last_hour"];
    const { queues, pauses, workers, ...status } = await this.#client.get("/status", keys);
    return this.#read(() => ({
      ...(status as unknown as Omit<WholeStatus, "queues" | "pauses" | "workers">),
      queues: listOf(queues, (row) => row as unknown as QueueStatus),
      pauses: listOf(pauses, pauseOf),
      workers: listOf(workers, workerOf),
    }));
  }

  /** Reads a task with its runs and errors; null: there is no such task. */
  async #whole<T>(
    id: number,
    read: (answer: Readonly<Record<string, unknown>>) => T,
  ): Promise<T | null> {
    try {
      const answer = await this.#client.get(`/tasks/${id}`, ["id", "runs", "errors"]);
      return this.#read(() => read(answer));
    } catch (error) {
      if (isTqError(error) && error.code === "not_found") return null;
      throw error;
    }
  }

  async #progress(id: number, attempt: number): Promise<TaskProgress | null> {
    const runs = await this.#log(id, attempt);
    return runs.find((run) => run.attempt === attempt)?.progress ?? null;
  }

  async #moved(path: string, body?: unknown): Promise<Task> {
    const request = body === undefined ? {} : { body };
    const task = await this.#client.post(path, ["id"], request);
    return this.#read(() => taskOf(task));
  }

  #read<T>(read: () => T): T {
    return this.#client.read(read);
  }
}

function part(of: RemoteStore, key: string | symbol): unknown {
  const value: unknown = Reflect.get(of, key, of);
  if (typeof value === "function") return value.bind(of) as unknown;
  if (value !== undefined || typeof key === "symbol" || key === "then") return value;
  const why = `HTTP has no operation for "${key}"; run it on the machine of the database`;
  throw new TqError("invalid", `Cannot do this with --url: ${why}`);
}
