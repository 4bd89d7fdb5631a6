/** The keys of a recurring task as they are shown: without the secrets of its calls. */
import { concealed, secretsOf } from "../redaction/conceal.ts";
import { showsMore } from "../redaction/mask-given.ts";
import type { Redaction } from "../redaction/redaction.ts";
import { callOf } from "./call.ts";
import type { CronDefinition } from "./definition.ts";

type Keys = Readonly<Record<string, unknown>>;

type Said = Partial<Pick<CronDefinition, "task" | "args" | "context">>;

/** @param said all that is known of it: its method may stand there alone; a section may leave it to a model */
export function shownCall(keys: Keys, redaction: Redaction, said: Keys = keys): Keys {
  const { task, args: saidArgs, context: saidContext } = said as Said;
  const { model, method } = callOf({ task: task ?? "" });
  const marks = redaction.of(model, method);
  if (marks === null) return keys;
  const { args, context } = keys;
  const secrets = secretsOf({ args: saidArgs, context: saidContext }, marks);
  const shown = concealed({ args, context }, marks, secrets);
  return {
    ...keys,
    ...("args" in keys && { args: shown.args }),
    ...("context" in keys && { context: shown.context }),
  };
}

const WITH_SECRETS = ["args", "context"] as const;

/**
 * The keys with secrets that were not shown, and would be after a change of other keys.
 *
 * @param before all that was said of it, and `after` all that is said then
 */
export function unveiledKeys(before: Keys, after: Keys, redaction: Redaction): string[] {
  const [was, is] = [before, after].map((keys) => shownCall(keys, redaction));
  return WITH_SECRETS.filter(
    (key) => Bun.deepEquals(before[key], after[key]) && showsMore(was?.[key], is?.[key]),
  );
}
