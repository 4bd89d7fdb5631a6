/** The keys of a recurring task as they are shown: without the secrets of its calls. */
import { concealed, secretsOf } from "../redaction/conceal.ts";
import type { Redaction } from "../redaction/redaction.ts";
import { callOf } from "./call.ts";
import type { CronDefinition } from "./definition.ts";

type Keys = Readonly<Record<string, unknown>>;

/** @param said all that is known of it: its method may stand there alone; a section may leave it to a model */
export function shownCall(keys: Keys, redaction: Redaction, said: Keys = keys): Keys {
  const { task, instances = [] } = said as Partial<CronDefinition>;
  const { model, method } = callOf({ task: task ?? "", instances });
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
