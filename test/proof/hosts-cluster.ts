/** A PostgreSQL server and hosts with a worker each, which reach it through cables of their own. */
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import type { Host, Network } from "./network.ts";

const PORT = 54_398;
export const THREADS = 8;

/** The workers of a host connect here where their answers take a while. */
const PROXY_PORT = 5_432;

const START_MS = 60_000;

interface Node {
  readonly host: Host;
  readonly worker: Subprocess;
  readonly proxy: Subprocess | null;
}

export interface ClusterOptions {
  readonly network: Network;
  readonly server: PostgresServer;
  readonly folder: string;
  readonly tq: string;
  /** A database that is not there yet. */
  readonly database: string;
  /** How many ms bytes take each way. */
  readonly delay: number;
}

/** Its data is flushed as that of a server that counts. */
export function startServer({ address, range }: Network): Promise<PostgresServer> {
  const options = [`listen_addresses=${address}`, "fsync=on", "max_wal_size=4GB"];
  return startPostgres(options, { port: PORT, network: range });
}

export class Cluster implements AsyncDisposable {
  readonly #options: ClusterOptions;
  readonly #sql: Bun.SQL;
  readonly #nodes = new Map<Host, Node>();

  private constructor(options: ClusterOptions) {
    this.#options = options;
    this.#sql = new Bun.SQL(options.server.url(options.database), { max: 2 });
  }

  static async start(options: ClusterOptions, count: number): Promise<Cluster> {
    const admin = new Bun.SQL(options.server.url("postgres"), { max: 1 });
    await admin.unsafe(`CREATE DATABASE ${options.database}`);
    await admin.close({ timeout: 0 });
    const cluster = new Cluster(options);
    for (const host of options.network.hosts.slice(0, count)) cluster.startWorker(host);
    try {
      await cluster.ready(count);
      await cluster.#prepare();
    } catch (error) {
      const logs = [...cluster.#nodes.keys()].map((host) => cluster.#logOf(host));
      await cluster[Symbol.asyncDispose]();
      throw new Error(`The workers do not start:\n${logs.join("\n")}`, { cause: error });
    }
    return cluster;
  }

  startWorker(host: Host): void {
    const { tq } = this.#options;
    const cwd = join(this.#options.folder, host.name);
    mkdirSync(cwd, { recursive: true });
    copyFileSync(join(import.meta.dir, "hosts-models.ts"), join(cwd, "models.ts"));
    const proxy = this.#nodes.get(host)?.proxy ?? this.#startProxy(host, cwd);
    const env = {
      TQ_DATABASE__URL: this.#url(proxy !== null),
      TQ_QUEUE__WORKER: "true",
      TQ_LOG__LEVEL: "warn",
    };
    const command = [tq, "worker", "--threads", String(THREADS)];
    const worker = host.start(command, { cwd, env, log: join(cwd, "worker.log") });
    this.#nodes.set(host, { host, worker, proxy });
  }

  #logOf(host: Host): string {
    const log = readFileSync(join(this.#options.folder, host.name, "worker.log"), "utf8");
    return `${host.name}: ${log.slice(-1_000)}`;
  }

  /** Timers know whole ms: half a ms each way is one on the way back. */
  #startProxy(host: Host, cwd: string): Subprocess | null {
    const { delay, network } = this.#options;
    if (delay === 0) return null;
    const delays = Number.isInteger(delay) ? [delay, delay] : [0, 2 * delay];
    const program = [process.execPath, join(import.meta.dir, "postgres-proxy.ts")];
    const numbers = [PORT, PROXY_PORT, ...delays].map(String);
    return host.start([...program, network.address, ...numbers], {
      cwd,
      log: join(cwd, "proxy.log"),
    });
  }

  #url(isProxied: boolean): string {
    const { network, database } = this.#options;
    const at = isProxied ? `127.0.0.1:${PROXY_PORT}` : `${network.address}:${PORT}`;
    return `postgresql://tq@${at}/${database}?sslmode=disable`;
  }

  /** Runs psql on another host, as programs that push do. */
  push(from: Host, statement: string): void {
    from.run(["psql", this.#url(false), "-q", "-v", "ON_ERROR_STOP=1", "-c", statement]);
  }

  async ask<R>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    return (await this.#sql.unsafe(text, values as unknown[])) as R[];
  }

  /** Waits until so many workers have all their threads. */
  ready(count: number): Promise<void> {
    return until(`${count} workers are ready`, START_MS, async () => {
      const text = `SELECT count(*)::float8 AS ready FROM tq.worker WHERE threads_ready = ${THREADS}`;
      const [row] = await this.ask<{ ready: number }>(text).catch(() => []);
      return row?.ready === count;
    });
  }

  async #prepare(): Promise<void> {
    await this.ask(
      "INSERT INTO tq_push (model, method, instances) VALUES ('probe', 'prepare', '1')",
    );
    await this.drained();
  }

  drained(longest = 300_000): Promise<void> {
    const text =
      "SELECT FROM tq.task WHERE state NOT IN ('finished', 'failed', 'cancelled') LIMIT 1";
    return until("all tasks have ended", longest, async () => (await this.ask(text)).length === 0);
  }

  /** The registered workers of a host. */
  async workersOf(host: Host): Promise<string[]> {
    const rows = await this.ask<{ id: string }>("SELECT id FROM tq.worker WHERE host = $1", [
      host.name,
    ]);
    return rows.map(({ id }) => id);
  }

  kill(host: Host): void {
    this.#nodes.get(host)?.worker.kill("SIGKILL");
  }

  /** The time of a core that each side has used: ms. */
  async cpu(): Promise<{
    readonly server: number;
    readonly workers: number;
    readonly proxies: number;
  }> {
    const nodes = [...this.#nodes.values()];
    const sum = (all: readonly (Subprocess | null)[]) =>
      all.reduce((total, one) => total + (one ? cpuOf(one.pid) : 0), 0);
    const workers = sum(nodes.map(({ worker }) => worker));
    const [row] = await this.ask<{ data: string }>(
      "SELECT current_setting('data_directory') AS data",
    );
    return {
      server: cpuOfServer(row?.data ?? ""),
      workers,
      proxies: sum(nodes.map(({ proxy }) => proxy)),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nodes = [...this.#nodes.values()];
    for (const { worker } of nodes) worker.kill("SIGTERM");
    await Promise.all(nodes.map(({ worker }) => worker.exited));
    for (const { proxy } of nodes) proxy?.kill();
    await this.#sql.close({ timeout: 0 });
  }
}

/** A tick of the system's: ms. */
const TICK_MS = 10;

function cpuOf(pid: number, withChildren = false): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const times = fields.slice(11, withChildren ? 15 : 13);
    return times.reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
  } catch {
    return 0;
  }
}

/** Of the server's processes, and of those of them that have ended. */
function cpuOfServer(data: string): number {
  const postmaster = parseInt(readFileSync(join(data, "postmaster.pid"), "utf8"), 10);
  const children = Bun.spawnSync(["pgrep", "-P", String(postmaster)]).stdout.toString();
  const pids = children.split("\n").filter((line) => line !== "");
  return cpuOf(postmaster, true) + pids.reduce((sum, pid) => sum + cpuOf(Number(pid)), 0);
}

export async function until(
  what: string,
  longest: number,
  look: () => Promise<boolean>,
  pause = 50,
): Promise<void> {
  const end = performance.now() + longest;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`It does not come about that ${what}`);
    await Bun.sleep(pause);
  }
}
