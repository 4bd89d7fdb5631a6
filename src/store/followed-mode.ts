/**
 * The mode belongs to the database: it remembers what `queue.worker` was said to be, and a program with other settings
 * follows it. Else one that is started in another folder would run tasks itself, beside the workers.
 */
import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { Config } from "../settings/config.ts";
import { envOf, SETTINGS } from "../settings/table.ts";
import type { RememberedMode } from "./condition.ts";
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

export function follow(config: Said, remembered: RememberedMode | null): Followed {
  const own = config.queue.worker;
  const followsOwn =
    remembered === null ||
    remembered.worker === own ||
    isTold(config) ||
    mayChange(config, remembered);
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

/** The file that has said it may say otherwise; so may any other, once that file is gone. */
function mayChange(config: Said, { origin }: RememberedMode): boolean {
  if (config.origins[KEY] === "default") return false;
  return sourceOf(config) === origin || (isAbsolute(origin) && !existsSync(origin));
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
export async function settleMode(
  { condition }: Pick<Store, "condition">,
  config: Said,
  isService = false,
): Promise<Followed> {
  const remembered = await condition.mode();
  const found = follow(config, remembered);
  const isSaid = config.origins[KEY] !== "default" && (isService || !isTold(config));
  const changes = remembered === null || remembered.worker !== found.worker;
  if (isSaid && changes) {
    await condition.rememberMode({ worker: found.worker, origin: sourceOf(config) });
  }
  return found;
}

/** The settings with the mode of the database; a look changes nothing. */
export async function withFollowedMode<C extends Config>(
  { condition }: Pick<Store, "condition">,
  config: C,
): Promise<C> {
  const { worker, note } = follow(config, await condition.mode());
  if (note === null) return config;
  const origins = { ...config.origins, [KEY]: "the database" };
  return { ...config, origins, queue: { ...config.queue, worker } };
}
