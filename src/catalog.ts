/** The calls that can be pushed: the models of the models file, with the methods of each, and its functions. */
import type { KnownCall } from "./call-patterns.ts";
import { TqError } from "./errors.ts";
import { notExportedWords } from "./made-functions.ts";
import { didYouMean } from "./suggest.ts";
import { callName } from "./task.ts";

/** A model's name → the names of its methods; a function's name → null. */
export type ModelCatalog = Readonly<Record<string, readonly string[] | null>>;

export function callsOf(catalog: ModelCatalog): KnownCall[] {
  return Object.entries(catalog).flatMap(([model, methods]) =>
    (methods ?? [null]).map((method) => ({ model, method })),
  );
}

/** Ends the sentence of an error where no model is known. */
export const WHAT_MODELS_ARE =
  "a model is an exported class that extends ModelSQL(name, fields), or Model with a static __name__, and a function is an exported task(name, function)";

/** Says how to push a function, to a caller that named a method. */
export function functionWords(name: string): string {
  return `${name} is a function, not a model: push it with its arguments alone, without a method and instances`;
}

/** Says how to push to a model, to a caller that named no method. */
export function modelWords(name: string, methods: readonly string[] = []): string {
  const such = methods.length === 0 ? "" : `, such as ${methods.slice(0, 3).join(", ")}`;
  return `${name} is a model, not a function: push one of its methods${such}, with the instances that it is called on`;
}

/**
 * Refuses a call that no worker can run.
 *
 * @param catalog null when no models are known
 * @param method null for a function
 * @param verb what the caller would do with it
 * @throws TqError `not_found`, with the near name
 */
export function checkCall(
  catalog: ModelCatalog | null,
  model: string,
  method: string | null,
  verb: "push" | "try" = "push",
): void {
  const refusal = `Cannot ${verb} ${callName(model, method)}`;
  if (catalog === null) {
    throw new TqError(
      "not_found",
      `${refusal}: no models are known here; start with --models FILE, or put models.ts into the current folder`,
    );
  }
  const methods = Object.hasOwn(catalog, model) ? catalog[model] : undefined;
  if (methods === undefined)
    throw new TqError("not_found", `${refusal}: ${noModel(catalog, model, method)}`);
  if (methods === null || method === null) {
    if (methods === method) return;
    const words = methods === null ? functionWords(model) : modelWords(model, methods);
    throw new TqError("not_found", `${refusal}: ${words}`);
  }
  if (methods.includes(method)) return;
  const near = didYouMean(method, methods);
  throw new TqError(
    "not_found",
    `${refusal}: the model ${model} has no method ${JSON.stringify(method)}${near}`,
  );
}

function noModel(catalog: ModelCatalog, model: string, method: string | null): string {
  const names = Object.keys(catalog);
  const hint =
    notExportedWords(model) ||
    didYouMean(model, names) ||
    (names.length === 0 ? `; ${WHAT_MODELS_ARE}` : "");
  const kind = method === null ? "function" : "model";
  return `there is no ${kind} ${JSON.stringify(model)}${hint}`;
}

/** The code of models that a thread has loaded. Plain data, which crosses threads. */
export interface ModelVersion {
  /** The files of models, by their real names. */
  readonly entries: readonly string[];
  /**
   * They, and all that they have imported, without packages, each with a hash of its text; and the links by which files
   * were imported, each with the path that it leads to.
   */
  readonly files: Readonly<Record<string, string>>;
}
