/** Checks that a recurring task calls what there is. */
import { checkCall, type ModelCatalog } from "../../catalog.ts";
import { callOf, noRecordsWords, recordsOfFunctionWords } from "../../cron/call.ts";
import type { CronDefinition } from "../../cron/definition.ts";
import { isTqError, TqError } from "../../errors.ts";
import { FUNCTION_METHOD } from "../../task.ts";

/** The models that a program knows. */
export interface KnownCalls {
  /** null where no models are known: then another process may have them. */
  readonly catalog: ModelCatalog | null;
  /** The methods that are called on records, such as "invoice.send". */
  readonly onRecords: readonly string[];
}

/**
 * @param start begins the sentence of the refusal: `Cannot edit nightly`
 * @throws TqError "not_found", or "invalid" where a method of records is called on none, or a function on some
 */
export function checkCronTask(
  definition: Pick<CronDefinition, "task" | "instances">,
  { catalog, onRecords }: KnownCalls,
  start: string,
): void {
  const why = recordsOfFunctionWords(definition) ?? noRecordsWords(definition, onRecords);
  if (why !== null) throw new TqError("invalid", `${start}: ${why}`);
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
