/**
 * The mode belongs to the database: it remembers what `queue.worker` was said to be, and a program with other settings
 * follows it. Else one that is started in another folder would run tasks itself, beside the workers.
 */
import { lstatSync, readdirSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import type { Config } from "../settings/config.ts";
import { envOf, SETTINGS } from "../settings/table.ts";
import type { RememberedMode } from "./condition.ts";
import { liveWorkers } from "./live-workers.ts";
import type { Store } from "./store.ts";

type Said = Pick<Config, "queue" | "origins" | "file">;

const KEY = "queue.worker";

/** True where a flag or the environment says it, for this program alone. */
export function isTold({ origins }: Said): boolean {
  return [SETTINGS.get(KEY)?.flag, envOf(KEY)].includes(origins[KEY]);
}

export interface Followed {
  /** The runner of the tasks that the program pushes: workers, or else itself. */
  readonly worker: boolean;
  /** Says that the program follows the database, where its own settings differ; null: they do not. */
  readonly note: string | null;
}

type Asked = Pick<Store, "condition" | "traits" | "workers" | "isAlive">;

export async function follow(
  store: Asked,
  config: Said,
  remembered: RememberedMode | null,
): Promise<Followed> {
  const own = config.queue.worker;
  const followsOwn =
    remembered === null ||
    remembered.worker === own ||
    isTold(config) ||
    (await mayChange(store, config, remembered));
  if (followsOwn) return { worker: own, note: null };
  return {
    worker: remembered.worker,
    note: `${differenceWords(config, remembered)}: this program follows the database`,
  };
}

/** The beginning of a sentence; what to do is `differenceAdvice`. */
export function differenceWords(config: Said, { worker, origin }: RememberedMode): string {
  const here = config.origins[KEY] === "default" ? "by default here" : `in ${sourceOf(config)}`;
  return `queue.worker is ${config.queue.worker} ${here}, and ${worker} for the database, as ${origin} said`;
}

export function differenceAdvice({ origin }: RememberedMode): string {
  return isAbsolute(origin)
    ? `name that file with -c or TQ_CONFIG, or make the two agree; ${SETTINGS.get(KEY)?.flag} says it for one program`
    : `set [queue] worker as ${origin} does; ${SETTINGS.get(KEY)?.flag} says it for one program`;
}

/** The file that has said it may say otherwise; so may any other, once that file is gone and no worker lives. */
async function mayChange(store: Asked, config: Said, { origin }: RememberedMode): Promise<boolean> {
  if (config.origins[KEY] === "default") return false;
  if (sourceOf(config) === origin) return true;
  // The path may be one of another host where the database is on a server.
  if (store.traits.isServer || !isAbsolute(origin) || !isGone(origin)) return false;
  return (await liveWorkers(store)).length === 0;
}

/** False also where only this program cannot see the file: the folder is closed to it, or is not in its container. */
function isGone(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" && isReadable(dirname(path));
  }
}

function isReadable(folder: string): boolean {
  try {
    readdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function sourceOf({ origins, file }: Said): string {
  const origin = origins[KEY];
  return origin === "tq.toml" && file !== null ? file : origin;
}

/**
 * Reads whom the program follows, and has the database remember what its settings say where no other program has.
 *
 * @param isService true for a worker: what it is told by the environment is remembered too
 */
export async function settleMode(store: Asked, config: Said, isService = false): Promise<Followed> {
  const remembered = await store.condition.mode();
  const found = await follow(store, config, remembered);
  const isSaid = config.origins[KEY] !== "default" && (isService || !isTold(config));
  const changes = remembered === null || remembered.worker !== found.worker;
  if (isSaid && changes) {
    await store.condition.rememberMode({ worker: found.worker, origin: sourceOf(config) });
  }
  return found;
}

/** The settings with the mode of the database; a look changes nothing. */
export async function withFollowedMode<C extends Config>(store: Asked, config: C): Promise<C> {
  const { worker, note } = await follow(store, config, await store.condition.mode());
  if (note === null) return config;
  const origins = { ...config.origins, [KEY]: "the database" };
  return { ...config, origins, queue: { ...config.queue, worker } };
}
