/** The options with which a worker process starts. */
import type { Report } from "../log/events.ts";
import type { Listeners } from "../log/listeners.ts";
import type { Config } from "../settings/config.ts";

export interface WorkerProcessOptions {
  readonly config: Config;
  /** Files or folders of models; default: the setting. */
  readonly models?: readonly string[] | undefined;
  readonly report: Report;
  /** The mode of the database, as it remembers it; left out: as the settings say. */
  readonly mode?: (() => "worker" | "no worker") | undefined;
  /** The functions of the program around the worker; left out: none can listen. */
  readonly listeners?: Listeners | undefined;
  /** Stop when no task is ready or running; "all": nor scheduled. */
  readonly drain?: "ready" | "all" | undefined;
  /** Load the models anew as soon as they have changed. */
  readonly watch?: boolean | undefined;
  /** Stop when the process that started this one is gone. */
  readonly exitWithParent?: boolean | undefined;
  /** Awaited before the store closes: what else uses it ends here. */
  readonly closing?: (() => Promise<void>) | undefined;
}

/** How many tasks have ended, by their end. */
export interface Summary {
  readonly finished: number;
  readonly failed: number;
}
