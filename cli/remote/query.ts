/** Filters, conditions and pushes as requests write them. */
import { CALL, type PushOptions, TASK_OPTIONS } from "../../src/push/task-options.ts";
import type { PathCondition, ReadFilter } from "../../src/store/looking.ts";
import { FILTER_PARTS } from "../../src/tasks/filter.ts";
import { encode } from "../../src/values/encoding.ts";

/** The parts of a filter that are ms since 1970 UTC: a request says them as a point in time. */
const TIMES: readonly string[] = ["pushedBefore", "pushedAfter", "endedBefore", "endedAfter"];

/** The query of a filter; `limit` is no part of it. */
export function queryOf(filter: ReadFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const { key, field } of FILTER_PARTS) {
    const value = filter[key];
    if (value === undefined || (key === "after" && value === 0)) continue; // all ids are above 0
    query.set(field, TIMES.includes(key) ? new Date(Number(value)).toISOString() : String(value));
  }
  for (const condition of filter.where ?? []) query.append("where", writtenCondition(condition));
  return query;
}

/** A condition as a command line writes it. */
function writtenCondition({ root, path, isOneOf, has }: PathCondition): string {
  const place = [root, ...path.map(step)].join(".");
  if (has !== undefined) return `${place}~${has}`;
  const values = isOneOf ?? [];
  // Two values: it was written without quotes, and is found as a number and as text.
  const [first = "null"] = values;
  return `${place}=${first}`;
}

function step(key: string | number): string {
  return typeof key === "number" ? String(key) : JSON.stringify(key);
}

/** The body of a push. Lengths of time count from the other machine's clock. */
export function pushBody(options: PushOptions): Readonly<Record<string, unknown>> {
  const { model, method, instances, args = [], user, context } = options;
  return {
    model,
    ...(method !== undefined && { method }),
    ...(instances !== undefined && { instances }),
    args: JSON.parse(encode(args, "args")) as unknown,
    ...(user !== undefined && { user: CALL.user.kind.read(user, "--user") }),
    ...(context !== undefined && { context: JSON.parse(encode(context, "context")) as unknown }),
    ...Object.fromEntries(
      TASK_OPTIONS.map(({ key, field }) => [field, options[key]] as const).filter(
        ([, value]) => value !== undefined,
      ),
    ),
  };
}
