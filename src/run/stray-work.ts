/**
 * Work that tasks leave behind: a promise that the method does not await, and that fails after its task has ended. It
 * ends no thread, as another task may be running there by then.
 */
import type { Report, TaskRun } from "../log/events.ts";
import { type ErrorData, toErrorData } from "../outcome.ts";
import { placeOf } from "../stack.ts";
import type { Store } from "../store/store.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import { leftBehindBy } from "../transaction/current-task.ts";
import { runOf } from "./run-events.ts";

export interface StrayWorkOptions {
  readonly store: Store;
  readonly report: Report;
  /** The task that runs now. */
  readonly running: () => Claim | null;
  /** The tasks that ended in this turn of the event loop. */
  readonly justEnded: () => readonly ClaimedTask[];
}

interface Stray {
  readonly run: TaskRun;
  readonly error: ErrorData;
}

export class StrayWork {
  readonly #options: StrayWorkOptions;
  #unrecorded: Stray[] = [];

  constructor(options: StrayWorkOptions) {
    this.#options = options;
  }

  /**
   * A promise was rejected, and no code awaits it.
   *
   * @returns false where it may be the running task's own: then that task cannot go on.
   */
  rejected(reason: unknown): boolean {
    const error = toErrorData(reason);
    // Known for the errors of tq alone, such as that of an ended transaction: an error of user code names no task.
    const task = leftBehindBy(reason);
    if (!task && this.#options.running()) return false;
    const ended = this.#options.justEnded();
    const [only] = ended;
    if (task) this.#charge(runOf(task.claimed), error);
    else if (only && ended.length === 1) this.#charge(runOf(only), error);
    else this.#note(ended, error);
    return true;
  }

  #charge(run: TaskRun, error: ErrorData): void {
    this.#options.report({ name: "task.stray", ...run, place: placeOf(error.stack), error });
    this.#unrecorded.push({ run, error });
    if (this.#unrecorded.length === 1) setImmediate(() => void this.#record());
  }

  /** Of several tasks it cannot be told which one left it behind. */
  #note(ended: readonly ClaimedTask[], { name, message, stack }: ErrorData): void {
    const [first, last] = [ended[0], ended.at(-1)];
    const whose = first && last ? `one of the tasks ${first.id} to ${last.id}` : "a task";
    const place = placeOf(stack);
    this.#options.report({
      name: "log.note",
      level: "warn",
      message: `${name}: ${message}${place === null ? "" : ` at ${place}`}: ${whose} left this promise behind; await it in the method`,
    });
  }

  async #record(): Promise<void> {
    const strays = this.#unrecorded;
    this.#unrecorded = [];
    const { store, report } = this.#options;
    try {
      await store.write(async (session) => {
        for (const { run, error } of strays)
          await session.recordError(run.task, run.attempt, error);
      });
    } catch (error) {
      const message = `Cannot keep the errors that ended tasks have left behind: ${String(error)}`;
      report({ name: "log.note", level: "warn", message });
    }
  }
}
