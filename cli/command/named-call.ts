/** Tells a method from a function where the statistics give both one name. */
import type { Series } from "../../src/statistics/counts.ts";
import type { Store } from "../../src/store/store.ts";
import { FUNCTION_METHOD } from "../../src/task.ts";

/** The models with a method that has the name which the statistics give all functions; there is hardly ever one. */
export async function methodsNamedCall(
  store: Store,
  tasks: readonly Partial<Series>[],
): Promise<Set<string>> {
  if (!tasks.some(({ method }) => method === FUNCTION_METHOD)) return new Set();
  const { calls } = await store.names();
  const those = calls.filter(({ method }) => method === FUNCTION_METHOD);
  return new Set(those.map(({ model }) => model));
}
