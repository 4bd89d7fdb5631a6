/** The code by which `tq try` runs a task: loaded when it does, as other commands start faster without it. */
import { type PrintSaid, ThreadOutput } from "../../src/run/thread-output.ts";
import type { Progress } from "../../src/shared-memory/progress.ts";
import type { Store } from "../../src/store/store.ts";
import { printable } from "../../src/printable.ts";
import { note } from "../terminal/terminal.ts";

export { prepareTrial } from "../../src/run/trial.ts";
export { push } from "../../src/push/push.ts";
export { taskPrints } from "../../src/transaction/current-task.ts";

/** Keeps what the run says, and shows it on standard error. */
export function trialOutput(progress: Progress, store: Store): ThreadOutput {
  const print: PrintSaid = (_task, _level, text) =>
    note(text.replace(/\n$/, "").split("\n").map(printable).join("\n"));
  return new ThreadOutput(progress, store, null, { print });
}
