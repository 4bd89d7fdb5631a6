/** Says that a filter names a queue, a model or a method that no task has, or a ref: most often it is mistyped. */
import { isPattern, matches } from "../../src/patterns.ts";
import { printable } from "../../src/printable.ts";
import { cut, quote } from "../../src/quote.ts";
import type { ReadFilter } from "../../src/store/looking.ts";
import type { Store } from "../../src/store/store.ts";
import { didYouMean } from "../../src/suggest.ts";
import { FUNCTION_METHOD } from "../../src/task.ts";

type Named = Pick<ReadFilter, "queue" | "model" | "method" | "ref">;

/**
 * Call it where nothing matched a filter.
 *
 * @param isSure false where older tasks were not looked at: then only the newest are meant.
 * @returns a sentence for each name that no task has
 */
export async function unknownNameWords(
  store: Store,
  { queue, model, method, ref }: Named,
  isSure = true,
): Promise<string[]> {
  const words: string[] = [];
  if (ref !== undefined && isPattern(ref)) {
    words.push(
      "--ref is a whole ref, not a pattern: --ref-starts finds all that begin with a text",
    );
  }
  if (queue === undefined && model === undefined && method === undefined) return words;
  const { queues, models, calls } = await store.names();
  if (queue !== undefined && (await isUnknown(store, { queue }, queues, isSure))) {
    words.push(`${noTask(isSure)} the queue ${quote(queue)}${near(queue, queues)}`);
  }
  if (model !== undefined && (await isUnknown(store, { model }, models, isSure))) {
    words.push(`${noTask(isSure)} the model ${quote(model)}${near(model, models)}`);
  } else if (method !== undefined) {
    const of = calls.filter((call) => model === undefined || matches(model, call.model));
    const methods = [...new Set(of.map((call) => call.method ?? FUNCTION_METHOD))];
    const filter = { method, ...(model === undefined ? {} : { model }) };
    if (await isUnknown(store, filter, methods, isSure)) {
      const which = model === undefined ? "" : ` of the model ${quote(model)}`;
      words.push(`${noTask(isSure)} the method ${quote(method)}${which}${near(method, methods)}`);
    }
  }
  return words;
}

function noTask(isSure: boolean): string {
  return isSure ? "No task has" : "None of the newest tasks has";
}

/** Looks through all tasks only where the newest do not have the name, which the filter has first. */
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
