/**
 * The store that the models of this process work on, with its settings and the registry. It lives on `globalThis`,
 * as a compiled program may carry two copies of tq.
 */
import { loadConfig, type Config } from "../settings/config.ts";
import type { Report } from "../log/events.ts";
import { systemClock } from "../clock.ts";
import { createLog, type Log, wantsColour } from "../log/log.ts";
import { standardError, writeLines } from "../log/standard-stream.ts";
import { openStore, replaceFileFunctions } from "../open-store.ts";
import type { Store } from "../store/store.ts";
import { isTerminal } from "../log/terminal.ts";
import { Registry } from "../registry/registry.ts";

export interface Runtime {
  readonly store: Store;
  readonly config: Config;
  readonly registry: Registry;
  readonly report: Report;
  /** True where workers run the pushed tasks: by the setting `queue.worker`, and always inside a worker. */
  readonly worker: boolean;
}

const KEY = Symbol.for("tq.runtimes");
const entered = ((globalThis as { [KEY]?: Runtime[] })[KEY] ??= []);

/**
 * Makes the models of this process work on this runtime from here on, and refuses them the files of its database.
 *
 * @returns a function that ends that: of the runtimes that remain, the one entered last is then in use.
 */
export function enterRuntime(runtime: Runtime): () => void {
  replaceFileFunctions();
  entered.push(runtime);
  return () => {
    const index = entered.lastIndexOf(runtime);
    if (index !== -1) entered.splice(index, 1);
  };
}

/** The runtime in use; it is made from tq.toml and the environment when none was entered. */
export function runtime(): Runtime {
  const last = entered.at(-1);
  if (last) return last;
  const config = loadConfig({ cwd: process.cwd(), env: process.env });
  const made = createRuntime(config);
  enterRuntime(made);
  return made;
}

/** A runtime for a program that is not a worker. The database is opened when it is first used. */
export function createRuntime(config: Config, report?: Report, registry?: Registry): Runtime {
  let store: Store | undefined;
  return {
    get store() {
      return (store ??= openStore(config));
    },
    config,
    registry: registry ?? new Registry(),
    report: report ?? standardLog(config),
    worker: config.queue.worker,
  };
}

/** The log on standard error, as the settings say. @param to for a thread: the standard error of its process. */
export function standardLog({ log }: Config, to = standardError()): Log {
  const colour = wantsColour(isTerminal(2), process.env);
  return createLog({
    ...log,
    write: (text) => writeLines(text, to),
    clock: systemClock,
    colour,
  });
}
