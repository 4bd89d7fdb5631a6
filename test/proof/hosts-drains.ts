/** How many tasks a second hosts run together, and what they wait for. */
import { Cluster, type ClusterOptions, THREADS } from "./hosts-cluster.ts";

const CALLS = {
  "no-op": "'probe', 'noop', n, '[]'",
  "browse and save": "'item', 'process', n, jsonb_build_array(n)",
};

type Kind = keyof typeof CALLS;

export interface DrainFigures {
  readonly hosts: number;
  readonly delay: number;
  readonly kind: Kind;
  /** Tasks a second. */
  readonly rate: number;
  readonly commits: number;
  /** Of a core, in the time of the drain. */
  readonly server: number;
  readonly workers: number;
  readonly proxies: number;
  /** The time of a core that a task takes there: µs. It says more than the rate where the machine has other work. */
  readonly serverTask: number;
  readonly workersTask: number;
  /** The most at once, of all workers. */
  readonly connections: number;
  /** What the connections of the workers did in the middle of it, and how many of them on average. */
  readonly waits: Readonly<Record<string, number>>;
}

/** Waits of connections, by what they wait for; null: it computes, or wants to. */
const WAITS = `
  SELECT CASE WHEN state = 'active' THEN coalesce(wait_event_type || ' ' || wait_event, 'CPU') ELSE state END AS what,
         count(*)::float8 AS count
    FROM pg_stat_activity
   WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'tq%'
   GROUP BY 1`;

const COMMITS =
  "SELECT xact_commit::float8 AS commits FROM pg_stat_database WHERE datname = current_database()";

const TIMES = `
  SELECT count(*)::float8 AS finished, min(dequeued_at)::float8 AS first, max(finished_at)::float8 AS last
    FROM tq.task
   WHERE state = 'finished' AND id > $1`;

export async function drains(
  options: ClusterOptions,
  hosts: number,
  tasks: number,
): Promise<DrainFigures[]> {
  await using cluster = await Cluster.start(options, hosts);
  await cluster.ask(`INSERT INTO item (id) SELECT n FROM generate_series(2, ${tasks}) AS n`);
  await cluster.ask("ANALYZE item");
  const figures: DrainFigures[] = [];
  for (const kind of Object.keys(CALLS) as Kind[]) {
    figures.push({
      hosts,
      delay: options.delay,
      kind,
      ...(await drain(cluster, options, kind, tasks)),
    });
  }
  return figures;
}

async function drain(cluster: Cluster, { network }: ClusterOptions, kind: Kind, tasks: number) {
  const [last] = await cluster.ask<{ id: number }>("SELECT max(id)::float8 AS id FROM tq.task");
  const producer = network.hosts.at(-1);
  if (!last || !producer) throw new Error("There is no producer");
  const [before] = await cluster.ask<{ commits: number }>(COMMITS);
  const cpu = await cluster.cpu();
  const started = performance.now();
  const push = `INSERT INTO tq_push (model, method, instances, args) SELECT ${CALLS[kind]} FROM generate_series(1, ${tasks}) AS n`;
  cluster.push(producer, push);
  const seen = new Waits();
  const sampling = seen.sample(cluster);
  await cluster.drained();
  const seconds = (performance.now() - started) / 1_000;
  const after = await cluster.cpu();
  await sampling.end();
  const [times] = await cluster.ask<{ finished: number; first: number; last: number }>(TIMES, [
    last.id,
  ]);
  if (times?.finished !== tasks) throw new Error(`${times?.finished} of ${tasks} tasks finished`);
  const [later] = await cluster.ask<{ commits: number }>(COMMITS);
  const used = (side: keyof typeof cpu) => (after[side] - cpu[side]) / 1_000 / seconds;
  const ofTask = (side: keyof typeof cpu) => ((after[side] - cpu[side]) * 1_000) / tasks;
  return {
    rate: tasks / ((times.last - times.first) / 1_000),
    commits: ((later?.commits ?? 0) - (before?.commits ?? 0)) / seconds,
    server: used("server"),
    workers: used("workers"),
    proxies: used("proxies"),
    serverTask: ofTask("server"),
    workersTask: ofTask("workers"),
    connections: seen.most,
    waits: seen.averages,
  };
}

/** Looks again and again at what the connections do. */
class Waits {
  readonly #sums = new Map<string, number>();
  #looks = 0;
  most = 0;

  sample(cluster: Cluster): { end(): Promise<void> } {
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        const rows = await cluster.ask<{ what: string; count: number }>(WAITS);
        this.#note(rows);
        await Bun.sleep(100);
      }
    })();
    return {
      end() {
        isOver = true;
        return looking;
      },
    };
  }

  #note(rows: readonly { readonly what: string; readonly count: number }[]): void {
    this.#looks += 1;
    this.most = Math.max(
      this.most,
      rows.reduce((sum, { count }) => sum + count, 0),
    );
    for (const { what, count } of rows) this.#sums.set(what, (this.#sums.get(what) ?? 0) + count);
  }

  get averages(): Record<string, number> {
    const all = [...this.#sums].map(([what, sum]) => [what, round(sum / this.#looks)] as const);
    return Object.fromEntries(
      all.filter(([, count]) => count >= 0.2).toSorted((a, b) => b[1] - a[1]),
    );
  }
}

const round = (value: number) => Math.round(value * 10) / 10;

/** A line of a table. */
export function inWords(all: readonly DrainFigures[]): string {
  const median = (of: (one: DrainFigures) => number) =>
    all.map(of).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  const [one] = all;
  if (!one) return "";
  const rates = all.map(({ rate }) => Math.round(rate));
  const range = `${Math.min(...rates)}–${Math.max(...rates)}`;
  const cores = (["server", "workers", "proxies"] as const).map(
    (side) => `${side} ${median((it) => it[side]).toFixed(2)}`,
  );
  const waits = Object.entries(one.waits).map(([what, count]) => `${what} ${count}`);
  return [
    `${one.hosts} hosts, ${one.delay} ms, ${one.kind}: ${Math.round(median(({ rate }) => rate))}/s (${range})`,
    `${Math.round(median(({ commits }) => commits))} commits/s; cores: ${cores.join(", ")}; ${Math.round(median((it) => it.serverTask))} + ${Math.round(median((it) => it.workersTask))} µs a task`,
    `${Math.max(...all.map(({ connections }) => connections))} of ${one.hosts * (THREADS + 2)} connections: ${waits.join(", ")}`,
  ].join("\n    ");
}
