/** A worker thread as the main thread sees it. */
import { cut } from "../outcome.ts";
import { writeStandardError } from "../log/standard-error.ts";
import { type FromThread, type Init, isFromThread, type ToThread } from "./messages.ts";
import type { Claim } from "../task.ts";
import type { Progress } from "../shared-memory/progress.ts";

/** A thread inside a native call does not see `terminate`; after so long the process gives up: ms. */
const NATIVE_LIMIT = 2_000;

export interface ThreadEvents {
  message(thread: PoolThread, message: FromThread): void;
  /** The thread is gone: `reason` is what ended it, in words. */
  closed(thread: PoolThread, reason: string): void;
}

export class PoolThread {
  readonly number: number;
  readonly progress: Progress;
  /** Waits to be woken. */
  idle = false;
  /** When it was woken last: ms, monotonic. */
  wokenAt = -Infinity;
  /** The file of models that it loads, or has loaded last. */
  loading: string | null = null;
  /** Has loaded its models. */
  loaded = false;
  /** The task that has left behind what ends the thread, where that is not the running one. */
  thrower: string | null = null;
  /** Why it is being ended on purpose; null when it is not. */
  ending: string | null = null;
  /** Where it is locked out: the task that has left a connection open which holds the write lock, or null. */
  lockout: Promise<Claim | null> | null = null;
  /** True when the task that it runs is why it is ended: that counts a crash. */
  toBlame = false;
  /** The run that was seen to hold up others, when it was seen last (monotonic), for how many ms, and whether the log has named it. */
  hold = { sequence: -1, seen: 0, held: 0, named: false };
  /** The sequence of its progress at the last look. */
  seen = -1;
  /** The same, for the look at what it holds up. */
  seenBusy = -1;
  readonly closed: Promise<void>;
  readonly #worker: Worker;
  #lastError: string | null = null;

  constructor(init: Init, progress: Progress, events: ThreadEvents) {
    this.number = init.thread;
    this.progress = progress;
    this.#worker = new Worker(new URL("./thread.ts", import.meta.url).href);
    this.#worker.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!isFromThread(data)) return;
      if (data === "idle") this.idle = true;
      else if (data === "stopped" || data === "retired") this.ending ??= data;
      else if (data.type === "loaded") this.loaded = true;
      events.message(this, data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lastError = firstLine(event.message);
    };
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    this.#worker.addEventListener("close", (event) => {
      const { code } = event as CloseEvent;
      const exit = this.loaded
        ? `the task ended its thread with process.exit(${code})`
        : `they ended their thread with process.exit(${code}) while they were loaded`;
      const reason = this.#lastError ?? exit;
      const { thrower } = this;
      events.closed(
        this,
        thrower === null ? reason : `${reason}; it was left behind by ${thrower}`,
      );
      closed.resolve();
    });
    this.#send(init);
  }

  /** Lets it claim tasks, once it has loaded its models. */
  go(): void {
    this.#send("go");
  }

  wake(): void {
    this.idle = false;
    this.wokenAt = performance.now();
    this.#send("wake");
  }

  /** Lets what runs end, then ends the thread. */
  stop(): void {
    this.#send("stop");
  }

  /** Ends the thread as soon as it is in no native call; what it runs is interrupted. */
  giveWay(reason: string): void {
    if (this.ending !== null) return;
    this.ending = reason;
    this.#worker.terminate();
  }

  /** Ends the thread now, whatever it does; resolves when it is gone. */
  async terminate(reason: string): Promise<void> {
    this.ending ??= reason;
    this.#worker.terminate();
    const limit = setTimeout(() => this.#giveUp(), NATIVE_LIMIT);
    await this.closed;
    clearTimeout(limit);
  }

  #giveUp(): never {
    try {
      writeStandardError(
        `tq: thread ${this.number} is inside a native call and cannot be ended; this worker exits, its tasks are rescued\n`,
      );
    } catch {
      // nobody reads it
    }
    process.exit(1);
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}

/** Characters of the error that ended a thread: it becomes the reason of its task. */
const REASON_LIMIT = 1_000;

/** Bun's message of an uncaught error is a code frame; the error itself is in one of its lines. */
function firstLine(message: string): string {
  const lines = message.split("\n").map((line) => line.trim());
  const line = lines.find((text) => /^(?:\w*Error|error):? /.test(text)) ?? lines[0] ?? message;
  return cut(line, REASON_LIMIT);
}
