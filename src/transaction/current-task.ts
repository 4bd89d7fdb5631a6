/** The task that is running, for idempotency keys and for a program's own logs. */
import { AsyncLocalStorage } from "node:async_hooks";
import { bindMethods } from "../bound-methods.ts";
import { endedError } from "../store/ended.ts";
import type { Level } from "../log/events.ts";
import { inspect } from "../inspect.ts";
import { cut } from "../outcome.ts";
import { inspected } from "../quote.ts";
import { placeOf, userStack } from "../stack.ts";
import type { TaskProgress } from "../store/task-output.ts";
import { calledMethod, type ClaimedTask } from "../task.ts";
import type { Unit } from "./unit.ts";

export interface CurrentTask {
  readonly id: number;
  /** The number of this run among those that began, from 1. */
  readonly attempt: number;
  readonly model: string;
  /** null: the task calls a plain function, whose name `model` is. */
  readonly method: string | null;
  readonly queue: string;
  /** The user of the task, also where its method runs outside any transaction. */
  readonly user: number;
  /** The context of the task, frozen; a transaction that the task starts has it too, unless it is given another. */
  readonly context: Readonly<Record<string, unknown>>;
  /**
   * Aborts when the run should end: its timeout has passed, its task was cancelled, or its worker stops. `fetch`,
   * `Bun.spawn` and timers take it. A run that goes on is ended with its thread after `worker.timeout_grace`; the work
   * of one that ends by itself is undone too, however it ends. Transactions that a method without one of its own has
   * committed stay.
   */
  readonly signal: AbortSignal;
  /**
   * Says how far the task is: `progress(7, 9, "page 7")`. Other programs see it at once; call it as often as you like.
   *
   * @param total null, or left out: it is not known.
   */
  progress(this: void, done: number, total?: number | null, text?: string | null): void;
  /**
   * Prints a line and keeps it with the run, as `console.log` does in a worker; other values than texts are written as
   * `console.log` writes them. After the end of the run a line is printed, and not kept.
   */
  log(this: void, ...values: unknown[]): void;
}

/** Why a run is told to end. */
export type AbortCause = "timeout" | "cancel" | "stop";

/** @internal The thread of a run: it learns that the method uses its signal, and keeps what the task says. */
export interface RunHost {
  signalTaken(): void;
  /** Prints what the task says, and keeps it. */
  say(task: RunningTask, level: Level, text: string): void;
  /** Keeps what the task writes to a stream itself. */
  keep(task: RunningTask, level: Level, text: string): void;
  progressed(task: RunningTask, progress: Omit<TaskProgress, "at">): void;
  leftBehind(task: RunningTask, late: LateWork): void;
}

/** @internal What code did after the end of its task: an operation that was refused, or a push that was stored. */
export interface LateWork {
  readonly kind: "failed" | "pushed";
  readonly error: Error;
}

/** A run tells its host of late work at so many lines: a timer may go on for ever. */
const MOST_LATE_PLACES = 100;

/** @internal The task of a run, as its method sees it, and the way to tell the run that it should end. */
export class RunningTask implements CurrentTask {
  readonly id: number;
  readonly attempt: number;
  readonly model: string;
  readonly method: string | null;
  readonly queue: string;
  readonly user: number;
  readonly context: Readonly<Record<string, unknown>>;
  readonly #claimed: ClaimedTask;
  readonly #host: RunHost;
  #controller: AbortController | null = null;
  /** Listeners of the signal run in the task, as the code that added them. */
  #inTask: (<T>(fn: () => T) => T) | null = null;
  #unit: Unit | null = null;
  #finished = false;
  #latePlaces: Set<string | null> | null = null;
  #aborted: { readonly cause: AbortCause; readonly reason: Error } | null = null;

  constructor(task: ClaimedTask, context: CurrentTask["context"], host: RunHost) {
    const { id, attempt, model, queue, user } = task;
    this.id = id;
    this.attempt = attempt;
    this.model = model;
    this.method = calledMethod(task);
    this.queue = queue;
    this.user = user;
    this.context = context;
    this.#claimed = task;
    this.#host = host;
  }

  /** The task as its thread has claimed it. */
  get claimed(): ClaimedTask {
    return this.#claimed;
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      this.#inTask = AsyncLocalStorage.snapshot();
      this.#host.signalTaken();
      if (this.#aborted) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  progress(done: number, total: number | null = null, text: string | null = null): void {
    const words = text === null ? null : shortText(text);
    this.#host.progressed(this, { done: finite(done) ?? 0, total: finite(total), text: words });
  }

  log(...values: unknown[]): void {
    const texts = values.map((value) => (typeof value === "string" ? value : inspect(value)));
    this.#host.say(this, "info", texts.join(" "));
  }

  /** @internal Prints and keeps what the task says. */
  say(level: Level, text: string): void {
    this.#host.say(this, level, text);
  }

  /** @internal Keeps what the task writes to a stream itself. */
  keep(level: Level, text: string): void {
    this.#host.keep(this, level, text);
  }

  /** True where the run must not count as finished: its time is over, or it may have stopped with its worker. */
  get wasToldToEnd(): boolean {
    const cause = this.aborted;
    return cause === "timeout" || (cause !== null && this.#controller !== null);
  }

  /** @internal Its method is about to be called. */
  begin(unit: Unit): void {
    this.#unit = unit;
  }

  /** @internal True once its run has ended: what it says then is not kept. */
  get isOver(): boolean {
    return this.#unit?.ended === true;
  }

  /** @internal Its method has returned, and nothing was wrong. */
  finish(): void {
    this.#finished = true;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** @internal Tells of each line of late work once. */
  leftBehind(late: LateWork): void {
    const places = (this.#latePlaces ??= new Set());
    const place = placeOf(late.error.stack);
    if (places.has(place) || places.size === MOST_LATE_PLACES) return;
    places.add(place);
    this.#host.leftBehind(this, late);
  }

  /** True for the reason of the signal itself, which `fetch` and others throw. */
  isReason(thrown: unknown): boolean {
    return thrown === this.#aborted?.reason;
  }

  /** Why the run was told to end; null: it was not. */
  get aborted(): AbortCause | null {
    return this.#aborted?.cause ?? null;
  }

  /**
   * Tells the run to end; only the first time counts.
   *
   * @returns what listeners of the signal have thrown: without a handler it would end the thread.
   */
  abort(cause: AbortCause, reason: Error): unknown[] {
    if (this.#aborted) return [];
    this.#aborted = { cause, reason };
    const thrown: unknown[] = [];
    const keep = (error: unknown) => thrown.push(error);
    process.on("uncaughtException", keep);
    this.#inTask?.(() => this.#controller?.abort(reason));
    process.off("uncaughtException", keep);
    return thrown;
  }
}

bindMethods(RunningTask, "progress", "log");

/** JSON has no NaN and no Infinity, which a division by 0 gives, and no bigint, which SQL may give. */
function finite(value: number | bigint | null): number | null {
  const number = typeof value === "bigint" ? Number(value) : value;
  return Number.isFinite(number) ? number : null;
}

function shortText(value: unknown): string {
  return typeof value === "string" ? cut(value, 1_000) : inspected(value, 1_000);
}

/** A run of a task, and its unit of work. */
interface Run {
  readonly task: RunningTask;
  readonly unit: Unit;
}

const storage = ((globalThis as Record<symbol, unknown>)[Symbol.for("tq.task")] ??=
  new AsyncLocalStorage<Run>()) as AsyncLocalStorage<Run>;

/** The run of this code; undefined for code that goes on after its task has ended, like a timer. */
function currentRun(): Run | undefined {
  const run = storage.getStore();
  return run?.unit.ended === false ? run : undefined;
}

/**
 * The task that this code runs in; undefined outside a task, and once the task has ended. Effects outside the
 * database happen at least once: with the id of the task as a key, the other side can tell a repetition.
 *
 * @example await pay(sale, { idempotencyKey: `sale-${currentTask()?.id}` });
 */
export function currentTask(): CurrentTask | undefined {
  const task = currentRun()?.task;
  return task && Object.freeze(task); // what tq says of the task must stay true
}

/** @internal The unit of work of the task that this code runs in. */
export function currentTaskUnit(): Unit | undefined {
  return currentRun()?.unit;
}

/** @internal The task that started this code, even if it has ended since. */
export function originTask(): RunningTask | undefined {
  return storage.getStore()?.task;
}

/** @internal What code prints belongs to the run that it is part of, while that is under way. */
export const taskPrints = {
  /** False for code outside tasks. */
  said(level: Level, text: string): boolean {
    const task = currentRun()?.task;
    task?.say(level, text);
    return task !== undefined;
  },
  wrote(level: Level, text: string): void {
    currentRun()?.task.keep(level, text);
  },
};

/** @internal */
export function withTask<T>(task: RunningTask, unit: Unit, fn: () => T): T {
  task.begin(unit);
  return storage.run({ task, unit }, fn);
}

/** The mark of a registered symbol holds for both copies of tq in a compiled program. */
const LEFT_BEHIND = Symbol.for("tq.left_behind");

/** @internal Marks the error where the code goes on after its task has ended, tells of it, and returns it. */
export function markIfLeftBehind<E extends Error>(error: E): E {
  const task = currentRun() ? undefined : originTask();
  if (!task) return error;
  error.stack = userStack(error.stack ?? "", true); // a test, or a program, may show it as an error that no code catches
  task.leftBehind({ kind: "failed", error });
  return Object.defineProperty(error, LEFT_BEHIND, { value: task });
}

/** @internal The ended task whose code met this error. */
export function leftBehindBy(error: unknown): RunningTask | undefined {
  return error instanceof Error
    ? (error as { [LEFT_BEHIND]?: RunningTask })[LEFT_BEHIND]
    : undefined;
}

/** @internal Tells of a push, outside any transaction, by code that goes on after its task has ended. */
export function tellLatePush(): void {
  const task = originTask();
  if (!task) return;
  const error = new Error("it pushed a task after its own task had ended");
  error.name = "LatePush";
  error.stack = userStack(error.stack ?? "", true);
  task.leftBehind({ kind: "pushed", error });
}

/** @internal The error of a use of a transaction that has ended. */
export function lateError(): Error {
  return markIfLeftBehind(endedError());
}
