/** Says in the log that a program runs its own tasks. */
import type { Report } from "../log/events.ts";
import type { Config } from "../settings/config.ts";
import type { WorkerInfo } from "../store/looking.ts";

/** A program that reads other settings than the worker runs its own tasks unasked; `worker = false` says that it shall. */
export function sayMode(report: Report, [worker]: readonly WorkerInfo[], config: Config): void {
  const { file, origins } = config;
  if (worker === undefined || origins["queue.worker"] !== "default") {
    const message = "queue.worker is false: this program runs its own tasks, after their commit";
    return report({ name: "log.note", level: "info", message });
  }
  const cure =
    file === null
      ? "the current folder has no tq.toml: name the one of the worker with TQ_CONFIG or -c"
      : `set [queue] worker in ${file}, to true or to false`;
  const message = `This program runs its own tasks at once, although a worker (pid ${worker.pid}) runs on this database: queue.worker is false here; ${cure}`;
  report({ name: "log.note", level: "warn", message });
}
