/**
 * What the models of this process work on: one store, its settings, the registry. It lives on
 * `globalThis`, as a compiled program may carry two copies of tq.
 */
import { loadConfig, type Config } from "../config.ts";
import type { Report } from "../events.ts";
import { systemClock } from "../clock.ts";
import { createLog, type Log, wantsColour } from "../log.ts";
import { standardError, writeStandardError } from "../standard-error.ts";
import { openStore } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { isTerminal } from "../terminal.ts";
import { Registry } from "./registry.ts";

export interface Runtime {
  readonly store: Store;
  readonly config: Config;
  readonly registry: Registry;
  readonly report: Report;
  /** True where a worker runs what is pushed: the setting, and always inside a worker. */
  readonly worker: boolean;
}

const KEY = Symbol.for("tq.runtime");
const holder = globalThis as { [KEY]?: Runtime | undefined };

/** Sets what the models of this process work on from here on; returns what it was. */
export function setRuntime(runtime: Runtime | undefined): Runtime | undefined {
  const before = holder[KEY];
  holder[KEY] = runtime;
  return before;
}

/** The runtime; made from tq.toml and the environment when nobody has set one. */
export function runtime(): Runtime {
  return (holder[KEY] ??= defaultRuntime());
}

function defaultRuntime(): Runtime {
  const config = loadConfig({ cwd: process.cwd(), env: process.env });
  return createRuntime(config);
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

/** The log on standard error, in the level and format of the settings; `fd` of `standardError` is the process's. */
export function standardLog({ log }: Config, fd = standardError()): Log {
  const colour = wantsColour(isTerminal(2), process.env);
  return createLog({
    ...log,
    write: (text) => writeStandardError(text, fd),
    clock: systemClock,
    colour,
  });
}
