/** New models that a worker does not take up, or not at once: a file may be empty, or away, for a moment. */
import { callsOf, type ModelCatalog, WHAT_MODELS_ARE } from "../catalog.ts";
import { TqError } from "../errors.ts";
import { callName } from "../task.ts";

/** With none every task would fail. @throws TqError "models" where there is none. */
export function requireModels(catalog: ModelCatalog, paths: readonly string[]): void {
  if (Object.keys(catalog).length > 0) return;
  const where = paths.join(", ");
  throw new TqError(
    "models",
    `Cannot load models from ${where}: there is no model in it; ${WHAT_MODELS_ARE}`,
  );
}

/** A call that the newer models lack; null: none, or others are new, as where somebody has renamed one. */
export function lackedCall(before: ModelCatalog, now: ModelCatalog): string | null {
  const [known, found] = [namesOf(before), namesOf(now)];
  if (!found.isSubsetOf(known)) return null;
  return known.difference(found).values().next().value ?? null;
}

function namesOf(catalog: ModelCatalog): Set<string> {
  return new Set(callsOf(catalog).map(({ model, method }) => callName(model, method)));
}
