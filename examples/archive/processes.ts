/** The two other programs of the archive: one pushes tasks, one runs them. All three share the database. */
import { openSync } from "node:fs";
import { join } from "node:path";
import type { Look } from "./look.ts";
import type { Scanned } from "./scan.ts";
import { Progress } from "./screen.ts";

const HERE = import.meta.dir;

/** Between two looks at what is left: ms. */
const EVERY = 100;

/** Runs scan.ts. Gives what it did; null when it was stopped, or failed and has said why. */
export async function scan(
  database: string,
  root: string,
  batch: string,
): Promise<{ scanned: Scanned | null; stopped: boolean }> {
  const child = Bun.spawn(tq("run", database, join(HERE, "scan.ts"), root, batch), {
    stderr: "inherit",
  });
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    child.kill("SIGTERM");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  const [output, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
  process.off("SIGINT", stop).off("SIGTERM", stop);
  return { scanned: code === 0 ? (JSON.parse(output) as Scanned) : null, stopped };
}

/** How a worker ended: by itself, or because somebody stopped this program. */
export interface Worked {
  readonly code: number;
  readonly stopped: boolean;
}

/** Runs a worker until no task is left, also none that is to be tried again later, showing how far it is. */
export async function work(database: string, log: string, look: Look): Promise<Worked> {
  const child = Bun.spawn(
    tq("worker", database, "--queue", "archive", "--drain=all", "--exit-with-parent"),
    { stdout: "ignore", stderr: openSync(log, "w"), detached: true },
  );
  // Detached, or a terminal's Ctrl-C would reach it twice, and the second one means "at once".
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    child.kill("SIGINT");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);

  const total = look.left();
  using progress = new Progress(total);
  const timer = setInterval(() => progress.show(total - look.left()), EVERY);
  const code = await child.exited;
  clearInterval(timer);
  process.off("SIGINT", stop).off("SIGTERM", stop);
  return { code, stopped };
}

function tq(command: "run" | "worker", database: string, ...rest: string[]): string[] {
  return [process.execPath, command, "-c", join(HERE, "tq.toml"), "-d", database, ...rest];
}
