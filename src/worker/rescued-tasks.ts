/** Tasks of dead threads and processes that were put back: reported, and counted where a task is set aside. */
import type { Report } from "../log/events.ts";
import type { Outcome } from "../outcome.ts";
import { toEvent, toRun } from "../run/run-events.ts";
import type { RescuedTask } from "../store/rescue.ts";
import { END_OF } from "../shared-memory/run-counters.ts";
import type { RunEnd } from "../statistics/counts.ts";
import { type Claim, FUNCTION_METHOD } from "../task.ts";
import type { RunStatistics } from "../run/run-statistics.ts";

/** The end of a task whose run took too long. */
export interface TimedOut {
  readonly outcome: Outcome;
  /** For how long it ran: ms. */
  readonly after: number;
}

export class RescuedTasks {
  readonly #report: Report;
  readonly #statistics: RunStatistics;
  #failed = 0;

  constructor(report: Report, statistics: RunStatistics) {
    this.#report = report;
    this.#statistics = statistics;
  }

  /** How many tasks failed by the end of their thread, for their crashes or their timeout: no thread counts them. */
  get failed(): number {
    return this.#failed;
  }

  /**
   * Reports a task that was put back, unless it is not known to have begun.
   *
   * @param running the claim that the dead thread was running; null when it ran none, or that is not known.
   * @param timedOut how the running task was settled, as its time was over, and its longest time in ms.
   */
  add(task: RescuedTask, running: Claim | null, reason: string, timedOut?: TimedOut | null): void {
    const { id, crashes } = task;
    const run = toRun(task);
    if (timedOut && id === running?.id) {
      if (timedOut.outcome.kind === "failed") this.#failed += 1;
      this.#report(toEvent(run, timedOut.outcome, timedOut.after));
      this.#count(task, END_OF[timedOut.outcome.kind], timedOut.after);
    } else if (task.state === "failed") {
      this.#failed += 1;
      this.#report({ name: "task.poisoned", ...run, crashes });
      this.#count(task, "failed", null); // as every run after which its task has failed
    } else if (task.crashed) {
      this.#report({ name: "task.crashed", ...run, reason, crashes });
      this.#count(task, "crashed", null);
    } else if (id === running?.id) {
      this.#report({ name: "task.interrupted", ...run, reason });
      this.#count(task, "interrupted", null);
    }
  }

  #count({ queue, model, method }: RescuedTask, end: RunEnd, ran: number | null): void {
    this.#statistics.count({ queue, model, method: method ?? FUNCTION_METHOD }, end, ran);
  }
}
