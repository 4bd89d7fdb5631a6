/** Starts the two other programs of the archive, which share its database: one pushes tasks, one runs them. */
import { openSync } from "node:fs";
import { join } from "node:path";
import type { ArchiveView } from "./view.ts";
import type { Scanned } from "./scan.ts";
import { Progress } from "./screen.ts";

const HERE = import.meta.dir;

const PROGRESS_INTERVAL_MS = 100;

/** The signal by which the user has stopped this program; null: it was not stopped. */
export type Stopped = "SIGINT" | "SIGTERM" | null;

/** Runs scan.ts. `scanned` is null when it was stopped, or failed and printed its error. */
export async function scan(
  database: string,
  root: string,
  batch: string,
): Promise<{ scanned: Scanned | null; stopped: Stopped }> {
  const child = Bun.spawn(tq("run", database, join(HERE, "scan.ts"), root, batch), {
    stderr: "inherit",
  });
  let stopped: Stopped = null;
  const stop = (signal: NodeJS.Signals): void => {
    stopped = signal === "SIGTERM" ? signal : "SIGINT";
    child.kill("SIGTERM");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  process.off("SIGINT", stop).off("SIGTERM", stop);
  return { scanned: code === 0 ? (JSON.parse(output) as Scanned) : null, stopped };
}

/** The end of a worker. */
export interface Worked {
  readonly code: number;
  readonly stopped: Stopped;
}

/** Runs a worker until no task is left, not even a scheduled one, and shows its progress. */
export async function work(database: string, log: string, view: ArchiveView): Promise<Worked> {
  const child = Bun.spawn(
    tq("worker", database, "--queue", "archive", "--drain=all", "--exit-with-parent"),
    { stdout: "ignore", stderr: openSync(log, "w"), detached: true },
  );
  // Detached, as the worker would get the Ctrl-C of a terminal twice, and the second one means "at once".
  let stopped: Stopped = null;
  const stop = (signal: NodeJS.Signals): void => {
    stopped = signal === "SIGTERM" ? signal : "SIGINT";
    child.kill("SIGINT");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);

  const total = view.left();
  using progress = new Progress(total);
  const timer = setInterval(() => progress.show(total - view.left()), PROGRESS_INTERVAL_MS);
  const code = await child.exited;
  clearInterval(timer);
  process.off("SIGINT", stop).off("SIGTERM", stop);
  return { code, stopped };
}

function tq(command: "run" | "worker", database: string, ...rest: string[]): string[] {
  return [process.execPath, command, "-c", join(HERE, "tq.toml"), "-d", database, ...rest];
}
