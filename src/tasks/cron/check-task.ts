/** Checks that a recurring task calls what there is. */
import { checkCall, type ModelCatalog } from "../../catalog.ts";
import { callOf } from "../../cron/call.ts";
import type { CronDefinition } from "../../cron/definition.ts";
import { isTqError, TqError } from "../../errors.ts";
import { FUNCTION_METHOD } from "../../task.ts";

/**
 * @param catalog null where no models are known: then another process may have them.
 * @param start begins the sentence of the refusal: `Cannot edit nightly`
 * @throws TqError "not_found"
 */
export function checkCronTask(
  definition: Pick<CronDefinition, "task" | "instances">,
  catalog: ModelCatalog | null,
  start: string,
): void {
  if (catalog === null) return;
  const { model, method } = callOf(definition);
  try {
    checkCall(catalog, model, method === FUNCTION_METHOD ? null : method);
  } catch (cause) {
    if (!isTqError(cause)) throw cause;
    const why = cause.message.replace(/^Cannot/, "cannot");
    throw new TqError(cause.code, `${start}: ${why}`, { cause });
  }
}
