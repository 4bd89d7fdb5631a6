/**
 * The store that the models of this process work on, with its settings and the registry. It lives on `globalThis`,
 * as a compiled program may carry two copies of tq.
 */
import { loadConfig, type Config } from "../settings/config.ts";
import { standingFolder } from "../settings/standing-folder.ts";
import type { Report } from "../log/events.ts";
import { systemClock } from "../clock.ts";
import { goesToJournal } from "../log/journal.ts";
import { createLog, type Log, wantsColour } from "../log/log.ts";
import { standardError, writeLines } from "../log/standard-stream.ts";
import { openReporting } from "../new-queue.ts";
import { openStore, replaceFileFunctions } from "../open-store.ts";
import type { Session } from "../store/session.ts";
import type { Store } from "../store/store.ts";
import { isTerminal } from "../log/terminal.ts";
import { ProgramMode } from "./program-mode.ts";
import { Registry } from "../registry/registry.ts";
import type { Soon } from "../soon.ts";

export interface Runtime {
  readonly store: Store;
  readonly config: Config;
  readonly registry: Registry;
  readonly report: Report;
  /** True where workers run the pushed tasks: by the setting `queue.worker`, and always inside a worker. */
  readonly worker: boolean;
  /** For a program that is no worker: the database may say otherwise. Left out: `worker` holds. */
  readonly mode?: ProgramMode;
  /** Notes when units of this runtime wait for the write lock. Default: the store's turns do. */
  readonly lockWaits?: LockWaiting;
}

interface LockWaiting {
  /** @param begin takes the lock for the session. */
  during<T>(session: Session, begin: (session: Session) => Soon<T>): Soon<T>;
}

/** Takes the lock for the session of a unit. */
export function takeLock<T>(
  { lockWaits }: Runtime,
  session: Session,
  begin: (session: Session) => Soon<T>,
): Soon<T> {
  return lockWaits ? lockWaits.during(session, begin) : begin(session);
}

const KEY = Symbol.for("tq.runtimes");
const entered = ((globalThis as { [KEY]?: Runtime[] })[KEY] ??= []);

const STOPPED_KEY = Symbol.for("tq.stopped");
/** The runtime of the worker that this process has stopped, until the process uses another one. */
const stopped = ((globalThis as { [STOPPED_KEY]?: { runtime: Runtime | null } })[STOPPED_KEY] ??= {
  runtime: null,
});

/**
 * Makes the models of this process work on this runtime from here on, and refuses them the files of its database.
 *
 * @returns a function that ends that: of the runtimes that remain, the one entered last is then in use.
 */
export function enterRuntime(runtime: Runtime): () => void {
  replaceFileFunctions();
  stopped.runtime = null;
  entered.push(runtime);
  return () => {
    const index = entered.lastIndexOf(runtime);
    if (index !== -1) entered.splice(index, 1);
  };
}

/**
 * Enters the runtime of a worker inside this program. Once that has stopped, the log says so where the program goes on
 * with another database.
 */
export function enterEmbedded(runtime: Runtime): () => void {
  const leave = enterRuntime(runtime);
  return () => {
    if (entered.at(-1) === runtime) stopped.runtime = runtime;
    leave();
  };
}

/** The runtime in use; it is made from tq.toml and the environment when none was entered. */
export function runtime(): Runtime {
  const before = stopped.runtime;
  const now = entered.at(-1) ?? enterSettings();
  if (before !== null) sayOtherStore(before, now);
  return now;
}

function sayOtherStore(before: Runtime, now: Runtime): void {
  stopped.runtime = null;
  const [worked, works] = [before.store.name, now.store.name];
  if (works === worked) return;
  const message = `The worker of this program has stopped, which worked on ${worked}: what the program pushes, reads and writes from here on goes to ${works}; stop what uses the models first, then the worker`;
  now.report({ name: "log.note", level: "warn", message });
}

function enterSettings(): Runtime {
  const config = loadConfig({ cwd: standingFolder(), env: process.env });
  const made = createRuntime(config);
  enterRuntime(made);
  return made;
}

/** A runtime for a program that is not a worker. The database is opened when it is first used. */
export function createRuntime(config: Config, report?: Report, registry?: Registry): Runtime {
  let opened: Store | undefined;
  const to = report ?? standardLog(config);
  const store = () =>
    (opened ??= openReporting(config, to, (migrated) => openStore(config, migrated)));
  return {
    get store() {
      return store();
    },
    config,
    registry: registry ?? new Registry(),
    report: to,
    worker: config.queue.worker,
    mode: new ProgramMode({ config, report: to, store }),
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
    journal: goesToJournal(2),
  });
}
