/** The calls that can be pushed: the models of the models file, with the methods of each. */
import { TqError } from "./errors.ts";
import { didYouMean } from "./suggest.ts";

/** A model's name → the names of its methods. */
export type ModelCatalog = Readonly<Record<string, readonly string[]>>;

/** Ends the sentence of an error where no model is known. */
export const WHAT_MODELS_ARE =
  "a model is an exported class that extends ModelSQL(name, fields), or Model with a static __name__";

/**
 * Refuses a call that no worker can run.
 *
 * @param catalog null when no models are known
 * @throws TqError `not_found`, with the near name
 */
export function checkCall(catalog: ModelCatalog | null, model: string, method: string): void {
  const refusal = `Cannot push ${model}.${method}`;
  if (catalog === null) {
    throw new TqError(
      "not_found",
      `${refusal}: no models are known here; start with --models FILE, or put models.ts into the current folder`,
    );
  }
  const methods = Object.hasOwn(catalog, model) ? catalog[model] : undefined;
  if (methods === undefined) {
    const names = Object.keys(catalog);
    const hint = didYouMean(model, names) || (names.length === 0 ? `; ${WHAT_MODELS_ARE}` : "");
    throw new TqError("not_found", `${refusal}: there is no model ${JSON.stringify(model)}${hint}`);
  }
  if (methods.includes(method)) return;
  const near = didYouMean(method, methods);
  throw new TqError(
    "not_found",
    `${refusal}: the model ${model} has no method ${JSON.stringify(method)}${near}`,
  );
}
