/** What `tq try` needs to run a task: loaded when it does, as other commands start faster without it. */
import type { Level } from "../../src/log/events.ts";
import { ThreadOutput } from "../../src/run/thread-output.ts";
import type { Progress } from "../../src/shared-memory/progress.ts";
import type { Store } from "../../src/store/store.ts";
import { type RunningTask, sayInTask } from "../../src/transaction/current-task.ts";
import { printable } from "../../src/printable.ts";
import { note } from "../terminal/terminal.ts";

export { prepareTrial } from "../../src/run/trial.ts";
export { push } from "../../src/push/push.ts";

/** Keeps what the run says, and shows on standard error what it logs; what it prints is there already. */
export class TrialOutput extends ThreadOutput {
  #isPrinting = false;

  constructor(progress: Progress, store: Store) {
    super(progress, store, null);
  }

  override say(task: RunningTask, level: Level, text: string): void {
    super.say(task, level, text);
    if (!this.#isPrinting) note(text.split("\n").map(printable).join("\n"));
  }

  /** Keeps what the process has printed, with the run that it belongs to. */
  printed(level: Level, text: string): void {
    this.#isPrinting = true;
    try {
      sayInTask(level, text);
    } finally {
      this.#isPrinting = false;
    }
  }
}
