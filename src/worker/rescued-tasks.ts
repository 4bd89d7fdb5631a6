/** Tasks of dead threads and processes that were put back: reported, and counted where a task is set aside. */
import type { Report } from "../log/events.ts";
import type { RescuedTask } from "../store/rescue.ts";
import type { Claim } from "../task.ts";

export class RescuedTasks {
  readonly #report: Report;
  #poisoned = 0;

  constructor(report: Report) {
    this.#report = report;
  }

  /** How many tasks were set aside as failed for their crashes: no thread counts them. */
  get poisoned(): number {
    return this.#poisoned;
  }

  /**
   * Reports a task that was put back, unless it is not known to have begun.
   *
   * @param running the claim that the dead thread was running; null when it ran none, or that is not known.
   */
  add(task: RescuedTask, running: Claim | null, reason: string): void {
    const { id, attempt, model, method, queue, crashes } = task;
    const run = { task: id, attempt, model, method, queue };
    if (task.state === "failed") {
      this.#poisoned += 1;
      this.#report({ name: "task.poisoned", ...run, crashes });
    } else if (task.crashed) this.#report({ name: "task.crashed", ...run, reason, crashes });
    else if (id === running?.id) this.#report({ name: "task.interrupted", ...run, reason });
  }
}
