/** Says that a filter names a queue or a model that no task has: most often it is mistyped. */
import { printable } from "../../src/printable.ts";
import { cut, quote } from "../../src/quote.ts";
import type { TaskFilter } from "../../src/store/looking.ts";
import type { Store } from "../../src/store/store.ts";
import { didYouMean } from "../../src/suggest.ts";

type Named = Pick<TaskFilter, "queue" | "model">;

/** Call it where nothing matched a filter. @returns a sentence for each name that no task has */
export async function unknownNameWords(store: Store, { queue, model }: Named): Promise<string[]> {
  const words: string[] = [];
  if (queue !== undefined && (await isUnknown(store, { queue }))) {
    words.push(`No task has the queue ${quote(queue)}${near(queue, (await store.names()).queues)}`);
  }
  if (model !== undefined && (await isUnknown(store, { model }))) {
    words.push(`No task has the model ${quote(model)}${near(model, (await store.names()).models)}`);
  }
  return words;
}

async function isUnknown(store: Store, filter: Named): Promise<boolean> {
  return (await store.list({ ...filter, limit: 1 })).length === 0;
}

/** The near name, or all names. */
function near(name: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  return didYouMean(name, names) || `; tasks have ${cut(printable(names.toSorted().join(", ")))}`;
}
