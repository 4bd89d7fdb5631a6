/** The keys of a recurring task as they are shown: without the secrets of its calls. */
import { callOf } from "../../cron/call.ts";
import type { CronDefinition } from "../../cron/definition.ts";
import { concealed, secretsOf } from "../../redaction/conceal.ts";
import type { Store } from "../../store/store.ts";

export async function shownKeys(
  store: Store,
  definition: CronDefinition,
  keys: Readonly<Record<string, unknown>>,
): Promise<Record<string, unknown>> {
  const redaction = await store.redactions.inForce();
  const { model, method } = callOf(definition);
  const marks = redaction.of(model, method);
  if (marks === null) return keys;
  const { args, context } = keys;
  const shown = concealed({ args, context }, marks, secretsOf({ args, context }, marks));
  return {
    ...keys,
    ...("args" in keys && { args: shown.args }),
    ...("context" in keys && { context: shown.context }),
  };
}
