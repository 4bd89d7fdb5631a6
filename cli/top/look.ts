/** Reads all that `tq top` shows, here or on the machine of `--url`. */
import { type Health, wholeStatus } from "../../src/admin/health.ts";
import type { Config } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import { withRuns, type WorkerRuns } from "../../src/store/working.ts";
import { type GroupedStatistics, groupStatistics } from "../../src/tasks/statistics/groups.ts";
import { SECOND_MS } from "../../src/values/duration.ts";
import { VERSION } from "../../src/version.ts";
import { type Remote, toLook } from "../command/program.ts";
import { methodsNamedCall } from "../command/named-call.ts";
import { taskName } from "../terminal/statistics.ts";

type WholeStatus = Awaited<ReturnType<typeof wholeStatus>>;

export interface Failure {
  readonly name: string;
  readonly queue: string;
  readonly failed: number;
  readonly retried: number;
  readonly crashed: number;
}

export interface TopLook {
  /** In ms since 1970 UTC. */
  readonly at: number;
  readonly status: WholeStatus;
  readonly workers: readonly WorkerRuns[];
  /** The runs that ended lately, by queue. */
  readonly lately: GroupedStatistics;
  /** The methods that failed meanwhile, the most frequent first. */
  readonly failures: readonly Failure[];
  /** The id of the task that was pushed last; 0: none is there. */
  readonly newest: number;
}

export interface Source {
  /** The machine that is looked at, where it is another one. */
  readonly remote: boolean;
  look(): Promise<TopLook>;
}

interface Reads {
  readonly store: Store;
  status(): Promise<WholeStatus>;
  workers(): Promise<WorkerRuns[]>;
  statistics(): Promise<GroupedStatistics>;
}

/** Looks while `fn` runs. @param length of the time whose runs are shown: ms */
export async function whileOpen<T>(
  config: Config & { readonly remote?: Remote },
  length: number,
  fn: (source: Source) => Promise<T>,
): Promise<T> {
  const wanted = { queue: undefined, by: "queue", length } as const;
  if (config.remote === undefined) {
    return toLook(config, (store) => {
      const mode: Health["mode"] = config.queue.worker ? "worker" : "no worker";
      const look = looker({
        store,
        status: () => wholeStatus({ store, config, mode, version: VERSION }),
        workers: async () => withRuns(await store.working()),
        statistics: () => groupStatistics(store, wanted),
      });
      return fn({ remote: false, look });
    });
  }
  const { openRemote } = await import("../remote/open.ts");
  const box = openRemote(config.remote);
  const look = looker({
    store: box.asStore(),
    status: () => box.wholeStatus(),
    workers: () => box.workersWithRuns(),
    statistics: () => box.statistics(wanted),
  });
  return fn({ remote: true, look });
}

/** Workers write statistics once a minute: reading them at each look would tell nothing new. */
const STATISTICS_MS = 5 * SECOND_MS;

type Lately = Pick<TopLook, "lately" | "failures">;

function looker(reads: Reads): () => Promise<TopLook> {
  let read: { readonly at: number; readonly lately: Lately } | null = null;
  return async () => {
    const status = await reads.status();
    const [newest] = await reads.store.list({ limit: 1 }); // right after the counts, for the rates
    const workers = await reads.workers();
    const at = reads.store.now();
    if (read === null || Math.abs(at - read.at) >= STATISTICS_MS) {
      read = { at, lately: await latelyOf(reads) };
    }
    return { at, status, workers, ...read.lately, newest: newest?.id ?? 0 };
  };
}

async function latelyOf(reads: Reads): Promise<Lately> {
  const lately = await reads.statistics();
  const methods = await methodsNamedCall(reads.store, lately.failures);
  const failures = lately.failures.map(({ model, method, ...failure }) => {
    return { name: taskName({ model, method }, methods.has(model)), ...failure };
  });
  return { lately, failures };
}
