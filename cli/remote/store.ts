/**
 * The store of `--url`: as much of the contract as commands need that look at tasks and move them, over HTTP. What it
 * does not have refuses with a sentence.
 */
import { monotonicNow, sleep, systemClock } from "../../src/clock.ts";
import { isTqError, TqError } from "../../src/errors.ts";
import type { ManyMove, Part, Place, ReadFilter, Standing } from "../../src/store/looking.ts";
import type { PauseStore } from "../../src/store/pauses.ts";
import type { RunOutput, TaskProgress } from "../../src/store/task-output.ts";
import type { Store } from "../../src/store/store.ts";
import type { Attempt, Task, TaskError } from "../../src/task.ts";
import type { Client } from "./client.ts";
import { remotePauses } from "./pauses.ts";
import { queryOf } from "./query.ts";
import {
  listOf,
  outputOf,
  rowsOf,
  StrangeRow,
  taskOf,
  text,
  textOrNull,
  workerOf,
} from "./rows.ts";
import { RemoteRecurring } from "./recurring.ts";
import { RemoteServer } from "./server.ts";

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

export class RemoteStore extends RemoteServer implements Reached {
  /** The next look at what a task says: a command that follows it looks more often than a network likes. */
  #mayListen = 0;
  readonly pauses: PauseStore;
  readonly recurring: RemoteRecurring;

  constructor(client: Client) {
    super(client);
    this.pauses = remotePauses(client);
    this.recurring = new RemoteRecurring(client);
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
    const { runs } = await this.client.get(`/tasks/${id}/log`, ["runs"], query);
    return this.read(() => listOf(runs, outputOf));
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

  async list(filter: ReadFilter = {}): Promise<Task[]> {
    const tasks: Task[] = [];
    for await (const { found } of this.parts(filter)) tasks.push(...found);
    return tasks;
  }

  /** HTTP does not filter by runs: that is done here. */
  async *parts({
    limit = Infinity,
    scheduledAfterRuns: runs = 0,
    ...filter
  }: ReadFilter = {}): AsyncIterable<Part<Task>> {
    let [left, before] = [limit, filter.before];
    for (;;) {
      const size = Math.min(left, PAGE);
      const asked = { ...filter, ...(before !== undefined && { before }) };
      const { tasks, next } = await this.#page(asked, size);
      const found = tasks.filter(
        ({ state, attempts }) => state !== "scheduled" || attempts >= runs,
      );
      left -= found.length;
      before = next ?? 0;
      const isLast = next === null || left <= 0 || isNoneBefore(before, filter);
      yield { found, downTo: isLast ? null : before };
      if (isLast) return;
    }
  }

  /** A page of large tasks is shorter, and one that has looked long enough, though more come after it. */
  async #page(filter: ReadFilter, limit: number) {
    const query = queryOf(filter);
    query.set("limit", String(limit));
    const { tasks, next } = await this.client.get("/tasks", ["tasks", "next"], query);
    return this.read(() => ({ tasks: listOf(tasks, taskOf), next: beforeOf(next, filter) }));
  }

  async *matching(filter: ReadFilter): AsyncIterable<Part<number>> {
    for await (const { found, downTo } of this.parts(filter)) {
      yield { found: found.map(({ id }) => id), downTo };
    }
  }

  /** HTTP counts nothing: it only tells whether there is one. */
  async countBefore(filter: ReadFilter, before: number) {
    if (isNoneBefore(before, filter)) return { count: 0, isAll: true };
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
      this.client.get("/queues", ["queues"]),
      this.client.get("/models", ["models"]),
    ]);
    return this.read(() => {
      const calls = listOf(models, ({ name, methods }) =>
        listOf(methods, ({ method }) => ({ model: text(name), method: textOrNull(method) })),
      ).flat();
      const names = listOf(queues, ({ queue }) => text(queue));
      return { queues: names, models: [...new Set(calls.map(({ model }) => model))], calls };
    });
  }

  async workers() {
    const { workers } = await this.client.get("/workers", ["workers"]);
    return this.read(() => listOf(workers, workerOf));
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
    const task = await this.client.delete(`/tasks/${id}`, ["id"]);
    return this.read(() => taskOf(task));
  }

  async moveMany(move: ManyMove, ids: readonly number[], filter: ReadFilter): Promise<number> {
    const { kind, ...body } = move;
    const verb = kind === "place" ? "move" : kind;
    const query = queryOf(filter);
    query.set("ids", ids.join(","));
    const hasBody = kind === "place" || kind === "cancel";
    const request = { query, ...(hasBody && { body }) };
    const { moved } = await this.client.post(`/tasks/${verb}`, ["moved"], request);
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

  /** Reads a task with its runs and errors; null: there is no such task. */
  async #whole<T>(
    id: number,
    read: (answer: Readonly<Record<string, unknown>>) => T,
  ): Promise<T | null> {
    try {
      const answer = await this.client.get(`/tasks/${id}`, ["id", "runs", "errors"]);
      return this.read(() => read(answer));
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
    const task = await this.client.post(path, ["id"], request);
    return this.read(() => taskOf(task));
  }
}

/** True where no id is below this one and above the filter's: the API takes that for a mistake. */
function isNoneBefore(before: number, { after = 0 }: ReadFilter): boolean {
  return before <= after + 1;
}

function part(of: RemoteStore, key: string | symbol): unknown {
  const value: unknown = Reflect.get(of, key, of);
  if (typeof value === "function") return value.bind(of) as unknown;
  if (value !== undefined || typeof key === "symbol" || key === "then") return value;
  const why = `HTTP has no operation for "${key}"; run it on the machine of the database`;
  throw new TqError("invalid", `Cannot do this with --url: ${why}`);
}

/** The id below which the page of this path begins: below that of the page before, or a list would have no end. */
function beforeOf(next: unknown, { before: last = Infinity }: ReadFilter): number | null {
  const path = textOrNull(next);
  if (path === null) return null;
  const before = Number(new URLSearchParams(path.split("?", 2)[1]).get("before") ?? "0");
  if (!Number.isSafeInteger(before) || before >= last) throw new StrangeRow();
  return before;
}
