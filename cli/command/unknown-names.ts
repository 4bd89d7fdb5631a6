/** Says that a filter names a queue or a model that no task has, or a ref: most often it is mistyped. */
import { isPattern, matches } from "../../src/patterns.ts";
import { printable } from "../../src/printable.ts";
import { cut, quote } from "../../src/quote.ts";
import type { ReadFilter } from "../../src/store/looking.ts";
import type { Store } from "../../src/store/store.ts";
import { didYouMean } from "../../src/suggest.ts";

type Named = Pick<ReadFilter, "queue" | "model" | "ref">;

/**
 * Call it where nothing matched a filter.
 *
 * @param isSure false where older tasks were not looked at: then only the newest are meant.
 * @returns a sentence for each name that no task has
 */
export async function unknownNameWords(
  store: Store,
  { queue, model, ref }: Named,
  isSure = true,
): Promise<string[]> {
  const words: string[] = [];
  if (ref !== undefined && isPattern(ref)) {
    words.push(
      "--ref is a whole ref, not a pattern: --ref-starts finds all that begin with a text",
    );
  }
  if (queue === undefined && model === undefined) return words;
  const { queues, models } = await store.names();
  if (queue !== undefined && (await isUnknown(store, { queue }, queues, isSure))) {
    words.push(`${noTask(isSure)} the queue ${quote(queue)}${near(queue, queues)}`);
  }
  if (model !== undefined && (await isUnknown(store, { model }, models, isSure))) {
    words.push(`${noTask(isSure)} the model ${quote(model)}${near(model, models)}`);
  }
  return words;
}

function noTask(isSure: boolean): string {
  return isSure ? "No task has" : "None of the newest tasks has";
}

/** Looks through all tasks only where the newest do not have the name. */
async function isUnknown(
  store: Store,
  filter: Named,
  newest: readonly string[],
  isSure: boolean,
): Promise<boolean> {
  const [name = ""] = Object.values(filter);
  if (newest.some((one) => matches(name, one))) return false;
  return !isSure || (await store.list({ ...filter, limit: 1 })).length === 0;
}

/** The near name, or all names. */
function near(name: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  return didYouMean(name, names) || `; tasks have ${cut(printable(names.toSorted().join(", ")))}`;
}
