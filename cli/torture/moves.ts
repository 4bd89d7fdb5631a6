/** Makes the moves of a schedule against processes and tasks, and reacts to the lines that the children write. */
import { isTqError } from "../../src/errors.ts";
import { PRESETS } from "../../src/push/task-options.ts";
import type { PauseTarget } from "../../src/store/pauses.ts";
import type { Store } from "../../src/store/store.ts";
import type { Child } from "./child.ts";
import { ACCOUNTS, Crew, type Role } from "./crew.ts";
import { insist } from "./insist.ts";
import { Random } from "./random.ts";
import { Rescues } from "./rescues.ts";
import type { Server } from "./server.ts";
import { type Kind, KINDS, MOODS, type Mood, type Move } from "./schedule.ts";

export interface MovesOptions {
  readonly folder: string;
  readonly seed: number;
  readonly workers: number;
  readonly threads: number;
  readonly store: Store;
  /** The database is a server's, to whose connections this gives access; null: it is a file. */
  readonly server: Server | null;
}

/** The longest that an endless task keeps its thread before it is cancelled. */
const LONGEST_LOOP_MS = 1_000;

/** The longest that a task keeps the write lock before its worker is killed. */
const LONGEST_JAM_MS = 50;

/** The exit status of a worker one of whose threads cannot be ended. */
const GAVE_UP = 1;

/** The limit of a transfer that is numb. The next run is soon, and may exceed it again on a slow machine. */
const NUMB_POLICY = { timeout: "300ms", attempts: 100, backoff: "20ms" };

/** How long the tasks of a dead worker may wait, in ms: on a server others first make sure that it is dead. */
const RESCUE_LIMIT_MS = { file: 1_000, server: 2_000 } as const;

/** How long a worker that is stopped stands still: longer than it may go without an answer of the server. */
const STALL_MS = [500, 5_000] as const;

/** One of so many last tasks is run anew. */
const LAST_TASKS = 200;

export class Moves {
  readonly crew: Crew;
  readonly rescues: Rescues;
  /** The refs of all transfers whose push returned. */
  readonly acknowledged: string[] = [];
  /** How often each kind of move was made; a mood counts when its transfer says that it misbehaves. */
  readonly made = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  /** The tasks that were retried by hand. */
  readonly retried = new Set<number>();
  readonly problems: string[] = [];
  readonly #store: Store;
  readonly #server: Server | null;
  readonly #random: Random;
  /** How many transfers that misbehave (`Mood`) were pushed so far; their refs are numbered by it. */
  #pushed = 0;
  /** Work that has begun and not ended. */
  readonly #pending = new Set<Promise<void>>();
  /** Producers to be killed when they next say that they are in a transaction, and the pause after it, in ms. */
  readonly #doomed = new Map<Child, number>();
  /** Workers with a thread inside a native call: they may give up. */
  readonly #numb = new Set<Child>();
  /** Cancels and retries of one task, one after another: it must not be retried after it has finished. */
  #anew: Promise<void> = Promise.resolve();

  constructor({ store, server, seed, ...options }: MovesOptions) {
    this.#store = store;
    this.#server = server;
    this.#random = new Random(seed);
    const limit = server ? RESCUE_LIMIT_MS.server : RESCUE_LIMIT_MS.file;
    this.rescues = new Rescues(store, (pid) => this.crew.isAlive(pid), limit);
    this.crew = new Crew({
      ...options,
      onServer: server !== null,
      heard: (child, words) => this.#answer(child, words),
      fell: (role, child, code) => {
        const isExpected = this.#numb.has(child) && code === GAVE_UP;
        if (!isExpected)
          this.problems.push(`A ${role} (pid ${child.pid}) ended with status ${code}`);
        if (role === "worker") this.#track(this.rescues.watch(child.pid, performance.now()));
      },
    });
  }

  make({ kind, which, pause }: Move): void {
    const { workers, producers } = this.crew;
    const producer = producers[which % producers.length];
    const worker = workers[which % workers.length];
    switch (kind) {
      case "worker":
        if (worker) this.#kill("worker", kind, worker, pause);
        break;
      case "workers":
        for (const each of workers) this.#kill("worker", kind, each, pause);
        break;
      case "producer":
        if (producer) this.#kill("producer", kind, producer, pause);
        break;
      case "transaction":
        if (producer) this.#doomed.set(producer, pause);
        break;
      case "stop":
        if (worker) this.#track(this.#stop(worker, pause));
        break;
      case "again":
        this.#track(this.#runSomeAnew(which));
        break;
      case "pause":
        this.made.pause += 1;
        this.#track(pauseFor(this.#store, which, pause));
        break;
      case "backend": {
        const child = which % 2 === 0 ? worker : producer;
        if (child && this.#server) this.#track(this.#cut(this.#server, child));
        break;
      }
      case "stall":
        if (worker) this.#track(this.#stall(worker));
        break;
      default:
        this.#track(this.#pushMood(kind));
    }
  }

  async #cut(server: Server, child: Child): Promise<void> {
    if (await server.cut(child.pid, this.#random.whole(0, 999))) this.made.backend += 1;
  }

  async #stall(worker: Child): Promise<void> {
    this.made.stall += 1;
    worker.pause();
    await Bun.sleep(this.#random.whole(...STALL_MS));
    worker.goOn();
  }

  /** Resolves when all work that has begun has ended. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => void this.problems.push(Bun.inspect(error)))
      .finally(() => this.#pending.delete(tracked));
    this.#pending.add(tracked);
  }

  /** @param kind of the move to count; null: the mood of a transfer, which was counted before */
  #kill(role: Role, kind: Kind | null, child: Child, pause: number): void {
    if (!child.alive) return;
    if (kind) this.made[kind] += 1;
    const killed = performance.now();
    this.#track(this.crew.replace(role, child, pause, "kill"));
    if (role === "worker") this.#track(this.rescues.watch(child.pid, killed));
  }

  /** A worker that has not registered yet is ended by the signal, with another status. */
  async #stop(worker: Child, pause: number): Promise<void> {
    const workers = (await insist(() => this.#store.workers())) ?? [];
    const isReady = workers.some(({ pid }) => pid === worker.pid);
    if (!isReady || !worker.alive) return; // another move ends it
    this.made.stop += 1;
    await this.crew.replace("worker", worker, pause, "stop");
  }

  /**
   * Reads a line of a child. An order is a named group of transfers that were pushed in one transaction: a producer says `- ORDER` in the middle of some transactions and `+ ORDER TRANSFERS` after
   * each commit; a transfer that is about to misbehave says `MOOD TASK PID`.
   */
  #answer(child: Child, [word = "", name = "", more = ""]: string[]): void {
    if (word === "+") {
      for (let index = 0; index < Number(more); index++) {
        this.acknowledged.push(`${name}/${index}`);
      }
    } else if (word === "-") {
      const pause = this.#doomed.get(child);
      this.#doomed.delete(child);
      if (pause !== undefined) this.#kill("producer", "transaction", child, pause);
    } else if (MOODS.some((mood) => mood === word)) {
      this.#track(this.#answerMood(word as Mood, child, Number(name)));
    }
  }

  async #answerMood(mood: Mood, child: Child, task: number): Promise<void> {
    this.made[mood] += 1;
    switch (mood) {
      case "jam":
        await Bun.sleep(this.#random.whole(0, LONGEST_JAM_MS));
        this.#kill("worker", null, child, this.#random.whole(0, 300));
        break;
      case "loop":
        await Bun.sleep(this.#random.whole(0, LONGEST_LOOP_MS));
        await this.#runAnew(task);
        break;
      case "wait":
        await this.#runAnew(task);
        break;
      case "heed":
        if (this.#random.chance(0.5)) await this.#runAnew(task);
        else await this.#stop(child, this.#random.whole(0, 300));
        break;
      case "numb":
        this.#numb.add(child);
        break;
      case "exit":
      case "reject": // the thread ends by itself
    }
  }

  /** Cancels a task that has not finished, if it has not ended, and retries it by hand. */
  async #runSomeAnew(which: number): Promise<void> {
    const last = (await insist(() => this.#store.list({ limit: LAST_TASKS }))) ?? [];
    const unfinished = last.filter(({ state }) => state !== "finished");
    const task = unfinished[which % unfinished.length];
    if (!task) return;
    this.made.again += 1;
    await this.#runAnew(task.id);
  }

  /** Cancels and retries a task, unless it has finished. Two runs of it may be under way together. */
  #runAnew(task: number): Promise<void> {
    const done = this.#anew.then(() => this.#cancelAndRetry(task));
    this.#anew = done.catch(() => {});
    return done;
  }

  async #cancelAndRetry(task: number): Promise<void> {
    try {
      await insist(() => this.#store.cancel(task));
    } catch (error) {
      if (!isTqError(error) || error.code !== "conflict") throw error;
      if ((await insist(() => this.#store.get(task)))?.state === "finished") return;
    }
    await insist(() => this.#store.retry(task), "conflict");
    this.retried.add(task);
  }

  /** Pushes a transfer of that mood, which runs before all others; without a slash, its ref counts for no order. */
  async #pushMood(mood: Mood): Promise<void> {
    const from = this.#random.whole(1, ACCOUNTS);
    const ref = `${mood} ${(this.#pushed += 1)}`;
    const call = { model: "torture.account", method: "transfer", instances: from, user: 0, ref };
    const args = JSON.stringify([(from % ACCOUNTS) + 1, 1, mood]);
    const policy = mood === "numb" ? JSON.stringify(NUMB_POLICY) : null;
    const task = { ...PRESETS, ...call, priority: 1, args, context: "{}", policy };
    await insist(() => this.#store.push([task]), "conflict");
    this.acknowledged.push(ref);
  }
}

/** The pauses of a torture: pauses that hold the same tasks, so that one ends while another holds. */
const PAUSED: readonly PauseTarget[] = [
  { kind: "queue", name: "*" },
  { kind: "queue", name: "default" },
  { kind: "task", name: "torture.*" },
  { kind: "task", name: "torture.account.transfer" },
];

/** Every second pause is resumed, the others end by themselves. Resolves when it has ended. */
async function pauseFor(store: Store, which: number, ms: number): Promise<void> {
  const target = PAUSED[which % PAUSED.length];
  if (!target) return;
  const endsItself = which % 2 === 0;
  const until = endsItself ? store.now() + ms : null;
  const why = { by: "the torture", reason: null, until };
  await insist(() => store.pauses.pause({ ...target, ...why }));
  await Bun.sleep(ms);
  if (endsItself) return;
  await insist(() => store.pauses.resume(target)).catch((error: unknown) => {
    if (!isTqError(error) || error.code !== "not_found") throw error; // another pause of it has ended meanwhile
  });
}
