/**
 * Says which names in a section of tq.toml fit nothing: what it means would never be told. Alerts and webhooks choose
 * tasks by such names.
 */
import { didYouMeanCall, isOfAny } from "../call-patterns.ts";
import { callsOf, type ModelCatalog } from "../catalog.ts";
import { matches } from "../patterns.ts";
import type { Config } from "../settings/config.ts";
import type { Store } from "../store/store.ts";
import { didYouMean } from "../suggest.ts";
import { DEFAULT_QUEUE } from "../task.ts";

/** A section that chooses tasks by the names of their queues and of their methods. */
export interface NamingSection {
  /** As people know it: `[alert]`. */
  readonly section: string;
  readonly queues: readonly string[];
  readonly tasks: readonly string[];
}

interface Known {
  readonly config: Pick<Config, "worker">;
  readonly catalog: ModelCatalog;
  readonly store: Pick<Store, "names">;
}

/** A sentence for each. A queue comes with its first task: a name is wrong only where another one is near. */
export async function unknownNames(
  sections: readonly NamingSection[],
  { config, catalog, store }: Known,
): Promise<string[]> {
  if (sections.every(({ queues, tasks }) => queues.length + tasks.length === 0)) return [];
  const { queues, calls } = await store.names();
  const knownQueues = [...queues, ...config.worker.queues, DEFAULT_QUEUE];
  const knownCalls = [...callsOf(catalog), ...calls];
  return sections.flatMap(({ section, queues: ofQueues, tasks }) => [
    ...ofQueues
      .filter((name) => !knownQueues.some((queue) => matches(name, queue)))
      .map((name) => [name, didYouMean(name, knownQueues)] as const)
      .filter(([, near]) => near !== "")
      .map(([name, near]) => {
        return sentence(name, `queues of ${section}`, `no task is of that queue${near}`);
      }),
    ...tasks
      .filter((name) => !isOfAny(name, knownCalls))
      .map((name) => {
        const near = didYouMeanCall(name, knownCalls);
        return sentence(name, `tasks of ${section}`, `no method has that name${near}`);
      }),
  ]);
}

function sentence(name: string, where: string, why: string): string {
  return `${JSON.stringify(name)} in ${where} is of no use: ${why}`;
}
