/** Says which names in the section [alert] fit nothing: the failures that they mean would never be told. */
import { didYouMeanCall, isOfAny } from "../../call-patterns.ts";
import { callsOf, type ModelCatalog } from "../../catalog.ts";
import { matches } from "../../patterns.ts";
import type { Config } from "../../settings/config.ts";
import type { Store } from "../../store/store.ts";
import { didYouMean } from "../../suggest.ts";
import { DEFAULT_QUEUE } from "../../task.ts";

/** A sentence for each. A queue comes with its first task: a name is wrong only where another one is near. */
export async function unknownAlertNames(
  { alert, worker }: Pick<Config, "alert" | "worker">,
  catalog: ModelCatalog,
  store: Pick<Store, "names">,
): Promise<string[]> {
  if (alert.queues.length + alert.tasks.length === 0) return [];
  const { queues, calls } = await store.names();
  const knownQueues = [...queues, ...worker.queues, DEFAULT_QUEUE];
  const knownCalls = [...callsOf(catalog), ...calls];
  return [
    ...alert.queues
      .filter((name) => !knownQueues.some((queue) => matches(name, queue)))
      .map((name) => [name, didYouMean(name, knownQueues)] as const)
      .filter(([, near]) => near !== "")
      .map(([name, near]) => sentence("queues", name, "no task is of that queue", near)),
    ...alert.tasks
      .filter((name) => !isOfAny(name, knownCalls))
      .map((name) => {
        return sentence("tasks", name, "no method has that name", didYouMeanCall(name, knownCalls));
      }),
  ];
}

function sentence(key: string, name: string, why: string, near: string): string {
  return `${JSON.stringify(name)} in ${key} of [alert] is of no use: ${why}${near}`;
}
