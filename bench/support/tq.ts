/** Runs tq as users do: as a worker process, or as the library inside this program. */
import { closeSync, copyFileSync, existsSync, openSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Subprocess } from "bun";
import { parseSettings } from "../../src/settings/config.ts";
import { createRuntime, enterRuntime } from "../../src/transaction/runtime.ts";
import { isDatabaseUrl } from "../../src/values/database-url.ts";
import type { Store } from "../../src/store/store.ts";
import type { Bench } from "./measure.ts";
import { root } from "./root.ts";

interface StartOptions {
  /** Default: 2. */
  readonly threads?: number;
  /** Exit when no task is ready or running. */
  readonly drain?: boolean;
  /** The level of the log, which goes to a file; default: warn. */
  readonly log?: "info" | "warn";
  /** The pattern of its queues; default: every queue. */
  readonly pattern?: string | undefined;
  /** The URL of a PostgreSQL database; default: the file is the database. */
  readonly url?: string;
  /** Serve the admin API on this port as well. */
  readonly port?: number;
}

/** The command that starts tq: --tq, else dist/tq, else the source. */
function tqCommand({ tq }: Pick<Bench, "tq">): string[] {
  if (tq !== null) return [resolve(tq)];
  const binary = join(root, "dist/tq");
  if (existsSync(binary)) return [binary];
  return [process.execPath, join(root, "cli/main.ts")];
}

/** Names that tq, for the table and the JSON file. */
export function describeTq(options: Pick<Bench, "tq">): string {
  const [command = "", main] = tqCommand(options);
  if (main !== undefined) return "from source";
  return `${command}, made ${statSync(command).mtime.toISOString()}`;
}

/** Starts `tq worker` on this database, with the models of the benchmarks; on PostgreSQL the path is that of its log alone. */
export function startTq(bench: Bench, database: string, options: StartOptions = {}): Subprocess {
  const { threads = 2, drain = false, log = "warn", pattern, port, url } = options;
  const flags = [
    ...(drain ? ["--drain"] : []),
    ...(pattern ? ["--queue", pattern] : []),
    ...(port === undefined ? [] : ["--admin", "--listen", `127.0.0.1:${port}`]),
  ];
  const env = { TQ_WORKER__THREADS: String(threads), TQ_LOG__LEVEL: log };
  return start(bench, database, ["worker", ...flags], env, url);
}

/** Starts `tq serve` on this database and port. */
export function startServer(bench: Bench, database: string, port: number): Subprocess {
  const env = { TQ_LOG__LEVEL: "warn" };
  return start(bench, database, ["serve", "--listen", `127.0.0.1:${port}`], env);
}

/** Runs a command to its end, without its output. @returns its processor time, in ms. */
export async function runTq(
  bench: Bench,
  database: string,
  args: readonly string[],
): Promise<number> {
  const tq = start(bench, database, args, { TQ_LOG__LEVEL: "warn" });
  await tq.exited;
  return Number(tq.resourceUsage()?.cpuTime.total ?? 0) / 1_000;
}

function start(
  bench: Bench,
  database: string,
  args: readonly string[],
  env: Record<string, string>,
  url?: string,
): Subprocess {
  const models = join(dirname(database), "models.ts");
  copyFileSync(join(import.meta.dir, "models.ts"), models);
  const errors = openSync(`${database}.log`, "a");
  const tq = Bun.spawn([...tqCommand(bench), ...args], {
    cwd: dirname(database),
    env: {
      ...withoutTq(process.env),
      TQ_MODELS: models,
      ...(url === undefined
        ? { TQ_DATABASE__PATH: database, TQ_DATABASE__DURABILITY: bench.durability }
        : { TQ_DATABASE__URL: url }),
      TQ_QUEUE__WORKER: "true",
      ...env,
    },
    stdio: ["ignore", "ignore", errors],
  });
  closeSync(errors);
  process.once("exit", () => tq.kill("SIGKILL")); // a failed measure leaves no process behind
  return tq;
}

/** Longer than any measure takes, even on a slow disk. */
const MAX_RUN_MS = 600_000;

/** Waits for the worker's end. @throws Error with the end of its log when it fails or takes longer than MAX_RUN_MS. */
export async function exited(worker: Subprocess, database: string): Promise<void> {
  const limit = setTimeout(() => worker.kill("SIGKILL"), MAX_RUN_MS);
  const code = await worker.exited;
  clearTimeout(limit);
  if (code === 0) return;
  const log = await Bun.file(`${database}.log`).text();
  throw new Error(`tq exited with ${code}:\n${log.slice(-2000)}`);
}

export async function stopTq(worker: Subprocess, database: string): Promise<void> {
  worker.kill("SIGTERM");
  await exited(worker, database);
}

/**
 * Lets `__queue__`, `push` and Transaction of this program use the database, and leaves the tasks to a worker. Returns
 * its store.
 *
 * @param database a path, or the URL of a PostgreSQL database.
 */
export function useDatabase({ durability }: Pick<Bench, "durability">, database: string): Store {
  const place = isDatabaseUrl(database) ? { url: database } : { path: database, durability };
  const config = parseSettings(
    { database: place, queue: { worker: true }, log: { level: "warn" } },
    "bench",
  );
  const runtime = createRuntime(config);
  enterRuntime(runtime);
  return runtime.store;
}

function withoutTq(env: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("TQ_")));
}
