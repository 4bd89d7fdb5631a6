/**
 * Work that tasks leave behind: a promise that the method does not await, and that fails after its task has ended, or
 * pushes then. It ends no thread, as another task may be running there by then.
 */
import { setImmediate, setTimeout } from "../clock.ts";
import type { Report, TaskRun } from "../log/events.ts";
import { type ErrorData, errorWords, toErrorData } from "../outcome.ts";
import type { Redaction } from "../redaction/redaction.ts";
import { placeOf } from "../stack.ts";
import type { Store } from "../store/store.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import { type LateWork, leftBehindBy, type RunningTask } from "../transaction/current-task.ts";
import { runOf } from "./run-events.ts";
import { sayable, sayableError } from "./sayable.ts";

export interface StrayWorkOptions {
  readonly store: Store;
  readonly report: Report;
  readonly redaction: Redaction;
  /** The task that runs now. */
  readonly running: () => Claim | null;
  /** The tasks that ended in this turn of the event loop. */
  readonly justEnded: () => readonly ClaimedTask[];
}

interface Stray {
  readonly run: TaskRun;
  readonly error: ErrorData;
  readonly reason: string;
}

/** The end of a run may wait for the write lock: its row says so much later that it has finished. */
const RECORD_AGAIN_MS = 20;

export class StrayWork {
  readonly #options: StrayWorkOptions;
  #unrecorded: Stray[] = [];
  #late: { readonly task: RunningTask; readonly work: LateWork }[] = [];
  /** The errors that are charged already. */
  readonly #charged = new WeakSet<object>();

  constructor(options: StrayWorkOptions) {
    this.#options = options;
  }

  /**
   * A promise was rejected, and no code awaits it.
   *
   * @returns false where it may be the running task's own: then that task cannot go on.
   */
  rejected(reason: unknown): boolean {
    if (reason instanceof Error && this.#charged.has(reason)) return true;
    const error = toErrorData(reason);
    // Known for the errors of tq alone, such as that of an ended transaction: an error of user code names no task.
    const task = leftBehindBy(reason);
    if (!task && this.#options.running()) return false;
    const ended = this.#options.justEnded();
    const [only] = ended;
    if (task) {
      this.#charged.add(reason as Error);
      this.#charge(task.claimed, "failed", error);
    } else if (only && ended.length === 1) this.#charge(only, "failed", error);
    else this.#note(ended, error);
    return true;
  }

  /** Code of an ended task did this. Its user may have caught the error, so that no rejection would tell of it. */
  late(task: RunningTask, work: LateWork): void {
    this.#late.push({ task, work });
    if (this.#late.length === 1) setImmediate(() => this.#chargeLate()); // rejections come first
  }

  /** Keeps what is not kept yet; call it before the store is closed. */
  async flush(): Promise<void> {
    this.#chargeLate();
    await this.#record();
  }

  #chargeLate(): void {
    for (const { task, work } of this.#late.splice(0)) {
      const { kind, error } = work;
      // The work of a run that did not finish is undone, or done again: what it left behind is no loss.
      if (this.#charged.has(error) || (kind === "failed" && !task.finished)) continue;
      this.#charged.add(error);
      this.#charge(task.claimed, kind, toErrorData(error));
    }
  }

  #charge(task: ClaimedTask, kind: LateWork["kind"], error: ErrorData): void {
    const { report, redaction } = this.#options;
    const [run, place] = [runOf(task), placeOf(error.stack)];
    const said = sayableError(error, task, redaction);
    report({ name: "task.stray", ...run, kind, place, error: said });
    const did = kind === "pushed" ? "pushed after its end" : "left work behind that failed";
    const where = place === null ? "" : ` at ${place}`;
    this.#unrecorded.push({ run, error, reason: `${did}${where}; await it in the method` });
    if (this.#unrecorded.length === 1) setImmediate(() => void this.#record());
  }

  /** Of several tasks it cannot be told which one left it behind. */
  #note(ended: readonly ClaimedTask[], error: ErrorData): void {
    const { redaction } = this.#options;
    const isShown = ended.length > 0 || redaction.isEmpty;
    const words = isShown
      ? ended.reduce((text, task) => sayable(text, task, redaction), errorWords(error))
      : "an error that is not shown, as tasks have secrets, and it is not known whose it quotes";
    const [first, last] = [ended[0], ended.at(-1)];
    const whose = first && last ? `one of the tasks ${first.id} to ${last.id}` : "a task";
    const place = placeOf(error.stack);
    this.#options.report({
      name: "log.note",
      level: "warn",
      message: `${words}${place === null ? "" : ` at ${place}`}: ${whose} left this promise behind; await it in the method`,
    });
  }

  async #record(): Promise<void> {
    const { store, report, running } = this.#options;
    const present = running()?.id;
    const strays = this.#unrecorded.filter(({ run }) => run.task !== present);
    this.#unrecorded = this.#unrecorded.filter(({ run }) => run.task === present);
    if (this.#unrecorded.length > 0) setTimeout(() => void this.#record(), RECORD_AGAIN_MS).unref();
    if (strays.length === 0) return;
    try {
      await store.write(async (session) => {
        for (const { run, error, reason } of strays)
          await session.recordLeftBehind(run.task, run.attempt, error, reason);
      });
    } catch (error) {
      const message = `Cannot keep the errors that ended tasks have left behind: ${String(error)}`;
      report({ name: "log.note", level: "warn", message });
    }
  }
}
