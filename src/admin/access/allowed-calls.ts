/** The calls that may be pushed over HTTP: the setting `admin.push`. */
import { didYouMeanCall, isOfAny, type KnownCall, matchesCall } from "../../call-patterns.ts";
import { callsOf, checkCall, type ModelCatalog } from "../../catalog.ts";
import { callOf } from "../../cron/call.ts";
import type { CronDefinition } from "../../cron/definition.ts";
import { isOwn } from "../../cron/own.ts";
import { quote } from "../../quote.ts";
import { callName, FUNCTION_METHOD } from "../../task.ts";
import { Forbidden } from "../problem.ts";

interface Pushable {
  /** Patterns of the calls that may be pushed; empty or absent: all. */
  readonly pushable?: readonly string[];
  readonly catalog: () => ModelCatalog | null;
}

/**
 * Refuses calls that may not be pushed, or that no worker can run.
 *
 * @throws Forbidden for the first of these calls that no pattern fits, so that no names of other models are told;
 * TqError as `checkCall`
 */
export function checkPushable(
  { pushable = [], catalog }: Pushable,
  calls: readonly KnownCall[],
): void {
  checkAllowed(pushable, calls);
  const known = catalog();
  for (const { model, method } of calls) checkCall(known, model, method);
}

/** A recurring task that a request adds, edits or runs is a push too. Those of tq itself push none. */
export function checkRecurringAllowed(
  { pushable = [] }: Pick<Pushable, "pushable">,
  definition: CronDefinition,
): void {
  if (isOwn(definition.name)) return;
  const { model, method } = callOf(definition);
  checkAllowed(pushable, [{ model, method: method === FUNCTION_METHOD ? null : method }]);
}

function checkAllowed(patterns: readonly string[], calls: readonly KnownCall[]): void {
  if (patterns.length === 0) return;
  for (const { model, method } of calls) {
    if (patterns.some((pattern) => matchesCall(pattern, model, method))) continue;
    const name = callName(model, method);
    const why = "admin.push of the server does not list it, so no request may push it";
    throw new Forbidden(
      `Cannot push ${name}: ${why}; add it there, or push it by the command line`,
    );
  }
}

/** A sentence for each pattern that fits no call. */
export function unknownAllowed(patterns: readonly string[], catalog: ModelCatalog): string[] {
  const calls = callsOf(catalog);
  return patterns
    .filter((pattern) => !isOfAny(pattern, calls))
    .map((pattern) => {
      const hint = didYouMeanCall(pattern, calls);
      return `admin.push has ${quote(pattern)}, which lets nothing in: no method has that name${hint}`;
    });
}
