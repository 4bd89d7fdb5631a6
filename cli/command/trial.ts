/** The code by which `tq try` runs a task: loaded when it does, as other commands start faster without it. */
import { type PrintSaid, ThreadOutput } from "../../src/run/thread-output.ts";
import type { Progress } from "../../src/shared-memory/progress.ts";
import { sayable } from "../../src/run/sayable.ts";
import type { Redaction } from "../../src/redaction/redaction.ts";
import type { Store } from "../../src/store/store.ts";
import { printable } from "../../src/printable.ts";
import { note } from "../terminal/terminal.ts";

export { prepareTrial } from "../../src/run/trial.ts";
export { push } from "../../src/push/push.ts";
export { shownTrial } from "../../src/run/shown-trial.ts";
export { redactionOf } from "../../src/registry/marked-models.ts";
export { taskPrints } from "../../src/transaction/current-task.ts";

/** Keeps what the run says, and shows it on standard error. */
export function trialOutput(progress: Progress, store: Store, redaction: Redaction): ThreadOutput {
  const print: PrintSaid = (task, _level, said) => {
    const text = sayable(said, task.claimed, redaction);
    note(text.replace(/\n$/, "").split("\n").map(printable).join("\n"));
  };
  return new ThreadOutput(progress, store, null, { print });
}
