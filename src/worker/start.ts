/** `startWorker`: a worker inside this process. */
import type { ModelCatalog } from "../catalog.ts";
import type { Config } from "../settings/config.ts";
import { TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import { standardLog } from "../transaction/runtime.ts";
import type { Store } from "../store/store.ts";
import { removePidfile, writePidfile } from "./pidfile.ts";
import { WorkerProcess, type Summary } from "./worker.ts";

export type { Summary };

export interface ProcessOptions {
  readonly config: Config;
  /** Files or folders of models; default: the setting. */
  readonly models?: readonly string[] | undefined;
  readonly drain?: "ready" | "all" | undefined;
  readonly exitWithParent?: boolean | undefined;
  /** A file for the process id; removed at the end. */
  readonly pidfile?: string | undefined;
  readonly report?: Report | undefined;
  /** Called before the threads are started: what must be first in the log. */
  readonly beforeStart?: ((worker: RunningWorker) => Promise<void>) | undefined;
}

export interface RunningWorker {
  /** The worker's own store, for looking. */
  readonly store: Store;
  readonly catalog: () => ModelCatalog | null;
  /** "graceful" lets what runs end within `worker.grace`; "now" interrupts it. Nothing is lost. */
  stop(how?: "graceful" | "now", reason?: string): Promise<void>;
  /** Resolves when it has stopped, with how many tasks its threads finished and failed. */
  readonly stopped: Promise<Summary>;
}

/** Starts a worker; resolves when it is ready to work. @throws TqError when it cannot. */
export async function startProcess(options: ProcessOptions): Promise<RunningWorker> {
  const { config, drain, exitWithParent, pidfile } = options;
  const models = options.models ?? (config.models === null ? [] : [config.models]);
  if (models.length === 0) {
    throw new TqError(
      "models",
      "Cannot start a worker: there is no models.ts and no folder models here; write one (tq init does), or name it with --models",
    );
  }
  if (pidfile !== undefined) writePidfile(pidfile);
  const report = options.report ?? standardLog(config);
  try {
    const worker = new WorkerProcess({ config, models, report, drain, exitWithParent });
    const running: RunningWorker = {
      store: worker.store,
      catalog: () => worker.catalog,
      stop: (how, reason) => worker.stop(how, reason),
      stopped: worker.stopped.finally(() => removePidfile(pidfile)),
    };
    try {
      await options.beforeStart?.(running);
    } catch (error) {
      await worker.stop("now", "it cannot start");
      throw error;
    }
    await worker.start();
    return running;
  } catch (error) {
    removePidfile(pidfile);
    throw error;
  }
}
