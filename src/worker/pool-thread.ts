/** A worker thread as the main thread sees it. */
import { clearTimeout, monotonicNow, setTimeout, sleep } from "../clock.ts";
import { cut, type ErrorData } from "../outcome.ts";
import type { Event } from "../log/events.ts";
import { writeLines } from "../log/standard-stream.ts";
import { type ForPool, type Init, isFromThread, type ToThread } from "./messages.ts";
import { childrenOf, endProcesses } from "./child-processes.ts";
import type { Outage } from "./outage.ts";
import { readPosted } from "./posted-events.ts";
import type { TimedOut } from "./rescued-tasks.ts";
import type { Claim } from "../task.ts";
import type { Progress } from "../shared-memory/progress.ts";

/** A thread inside a native call does not see `terminate`: after this time the process gives up. */
const NATIVE_LIMIT_MS = 2_000;

/** For so long the process tries to put its tasks back before it exits; then another worker does. */
const LAST_WRITE_MS = 1_000;

/** A run whose time the ticks measure. */
export interface Watched {
  /** The sequence of the run; -1: none. */
  readonly sequence: number;
  /** The last tick that saw it: monotonic, ms. */
  readonly seen: number;
  /** For how many ms it was seen. */
  readonly held: number;
  /** The log has named its task. */
  readonly named: boolean;
  /** The ms that its thread had waited for the write lock when the ticks first saw it. */
  readonly awaited: number;
}

const NONE_SEEN: Watched = { sequence: -1, seen: 0, held: 0, named: false, awaited: 0 };

export interface ThreadEvents {
  message(thread: PoolThread, message: ForPool): void;
  /** The thread has posted events that the program around the worker listens to. */
  reported(events: readonly Event[]): void;
  readonly outage: Outage;
  /** The thread is gone, for this reason. */
  closed(thread: PoolThread, reason: string): void;
  /** True where the worker stops: a thread that has no task need not be gone by then. */
  isStopping(): boolean;
  /** The thread is inside a native call and cannot be ended: the process exits once this resolves. */
  cannotEnd(thread: PoolThread): Promise<void>;
}

export class PoolThread {
  readonly number: number;
  readonly progress: Progress;
  /** It waits to be woken. */
  idle = false;
  /** When it was woken last: monotonic, ms. */
  wokenAt = -Infinity;
  /** The file of models that it loads; null: none yet, or all are loaded. */
  loadingFile: string | null = null;
  /** It has loaded its models. */
  loaded = false;
  /** The models that it has, or loads: a higher number is a newer version. */
  generation: number;
  /** It has a place: it claims tasks. */
  serves = false;
  /** It was told to end once what it runs has ended. */
  leaves = false;
  /** When it began to load: monotonic, ms. */
  readonly since = monotonicNow();
  /** Where the error was thrown that ends the thread, and by which task, if that is not the running one. */
  threw = "";
  /** The task whose code threw it, where that is not the running one. */
  thrower: number | null = null;
  isThrowerKnown = true;
  /** Why it is being ended on purpose; null when it is not. */
  endReason: string | null = null;
  /** Set once it is locked out; resolves with the task whose open connection held the write lock, or null. */
  lockout: Promise<Claim | null> | null = null;
  /** It is ended because of the task that it runs, which counts a crash. */
  toBlame = false;
  /** One of the tasks that it ran together has broken it. */
  brokenByBatch = false;
  /** It is ended because its run has exceeded its longest time: how that run is settled. */
  timedOut: TimedOut | null = null;
  /** The run whose error it has given last to functions of a policy, and that error. */
  judging: { readonly run: Claim; readonly error: ErrorData } | null = null;
  /** The run that has a longest time, as the ticks have seen it. */
  limited = NONE_SEEN;
  /** The run that holds up others, as the ticks have seen it. */
  hold = NONE_SEEN;
  /** The sequence of its progress when the last tick looked for cancelled tasks. */
  seenAtTick = -1;
  /** The run that was told last that its task was cancelled, and when: monotonic, ms. */
  told = { sequence: -1, at: 0 };
  /** The sequence of the run whose claim the last tick found lost. */
  lostAtTick = -1;
  /** The sequence of its progress when `TakeBack` last looked at it. */
  seenAtTakeBack = -1;
  /** Resolves when the thread is gone, or left behind. */
  readonly closed: Promise<void>;
  /** It has not gone as its worker stops, and has no task: nothing waits for it. */
  isLeftBehind = false;
  readonly #closed = Promise.withResolvers<void>();
  readonly #worker: Worker;
  readonly #events: ThreadEvents;
  #systemThread: number | null = null;
  #lastError: string | null = null;

  /** @param generation of the models that it loads */
  constructor(init: Init, generation: number, progress: Progress, events: ThreadEvents) {
    this.number = init.thread;
    this.generation = generation;
    this.progress = progress;
    this.#events = events;
    this.#worker = new Worker(new URL("./thread.ts", import.meta.url).href);
    this.#worker.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!isFromThread(data)) return;
      if (data === "idle") this.idle = true;
      else if (data === "stopped" || data === "retired") this.endReason ??= data;
      else if (data.type === "here") return void (this.#systemThread = data.systemThread);
      else if (data.type === "reported") {
        return init.events && events.reported(readPosted(data.events, init.events.unread));
      } else if (data.type === "judging") return void (this.judging = data);
      else if (data.type === "loading") return void (this.loadingFile = data.file);
      else if (data.type === "outage") return this.#toldOutage(data.error);
      else if (data.type === "broken") return this.#endBroken(data);
      else if (data.type === "loaded") this.loaded = true;
      events.message(this, data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lastError = errorLine(event.message);
    };
    this.closed = this.#closed.promise;
    this.#worker.addEventListener("close", (event) => {
      const { code } = event as CloseEvent;
      // "they" are the models: the words follow "Cannot load models from …:".
      const exit = this.loaded
        ? `the task ended its thread with process.exit(${code})`
        : `they ended their thread with process.exit(${code}) while they were loaded`;
      const reason = this.#lastError ?? exit;
      events.outage.gone(this.number);
      events.closed(this, `${reason}${this.threw}`);
      this.#closed.resolve();
    });
    this.#send(init);
  }

  #toldOutage(error: ErrorData | null): void {
    const { outage } = this.#events;
    if (error) outage.failed(this.number, error);
    else outage.works(this.number);
  }

  /** Lets it claim tasks, once it has loaded its models. */
  go(): void {
    this.serves = true;
    this.#send("go");
  }

  /** Other threads have newer models: it leaves tasks to them whose methods it does not know. */
  setOutdated(): void {
    this.#send("outdated");
  }

  wake(): void {
    this.idle = false;
    this.wokenAt = monotonicNow();
    this.#send("wake");
  }

  /** Lets its task end, then ends the thread. */
  stop(): void {
    this.leaves = true;
    this.#send("stop");
  }

  /** Tells its run to end by itself. */
  tellToEnd(cause: "cancel" | "stop"): void {
    const claim = this.progress.running();
    if (claim) this.#send({ type: "abort", claim, cause });
  }

  /** Ends the thread as soon as it is in no native call; its task is interrupted. */
  giveWay(reason: string): void {
    if (this.endReason !== null) return;
    this.endReason = reason;
    this.#terminate();
  }

  /** Ends the thread now, whatever it does; resolves when it is gone. */
  async terminate(reason: string): Promise<void> {
    this.endReason ??= reason;
    this.#terminate();
    const limit = setTimeout(() => this.#overdue(), NATIVE_LIMIT_MS);
    await this.closed;
    clearTimeout(limit);
  }

  /** It has never served, or has given back what it had. */
  get hasNoTasks(): boolean {
    return this.endReason === "stopped" || !this.serves;
  }

  /** It may load models, or be slow to end on a busy machine. */
  #overdue(): void {
    if (!this.hasNoTasks || !this.#events.isStopping()) return void this.#giveUp();
    this.isLeftBehind = true;
    this.#closed.resolve();
  }

  #endBroken({ reason, isBatch }: { readonly reason: string; readonly isBatch: boolean }): void {
    this.toBlame = true;
    this.brokenByBatch = isBatch;
    void this.terminate(reason);
  }

  /** True once the system's thread is gone. */
  get isGone(): boolean {
    return Bun.peek.status(this.closed) !== "pending";
  }

  /** Ends the processes that its running task has started. */
  endProcesses(): void {
    if (this.progress.running() !== null) endProcesses(childrenOf(this.#systemThread));
  }

  /** The processes of a thread that ended by itself may be meant to go on. */
  #terminate(): void {
    const isOver = this.endReason === "stopped" || this.endReason === "retired";
    const children = isOver ? [] : childrenOf(this.#systemThread);
    this.#worker.terminate();
    endProcesses(children);
  }

  async #giveUp(): Promise<never> {
    try {
      writeLines(
        `tq: thread ${this.number} is inside a native call and cannot be ended; this worker exits, its tasks are rescued\n`,
      );
    } catch {
      // standard error is closed
    }
    try {
      await Promise.race([this.#events.cannotEnd(this), sleep(LAST_WRITE_MS)]);
    } finally {
      process.exit(1);
    }
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}

/** Characters of the error that ended a thread: it becomes the reason of its task. */
const REASON_LIMIT = 1_000;

/** Bun's message of an uncaught error is a code frame; the error itself is in one of its lines. */
function errorLine(message: string): string {
  const lines = message.split("\n").map((line) => line.trim());
  const line = lines.find((text) => /^(?:\w*Error|error):? /.test(text)) ?? lines[0] ?? message;
  return cut(line, REASON_LIMIT);
}
