/** Reads the address of a request: the filter of a list, the id of a task. */
import { quote } from "../../quote.ts";
import type { ReadFilter } from "../../store/looking.ts";
import { didYouMean } from "../../suggest.ts";
import { addCall, CALL } from "../../tasks/call-filter.ts";
import { FILTER_PARTS, readWritten } from "../../tasks/filter.ts";
import { Problems } from "./check.ts";
import { digits } from "./fields.ts";

const LIMIT = digits("a whole number from 1 to 1000", 1000);

/** The fields that may come several times: the values of the first count together, the others all must hold. */
const SEVERAL = ["state", "where"];

const FIELDS = [...FILTER_PARTS.map(({ field }) => field), CALL, "where"];

/**
 * Reads the fields of a query, each of which may come once; their readers check the values.
 *
 * @param action the start of a refusal's sentence: `Cannot show statistics`
 * @throws TqError `invalid`
 */
export function readQuery<Name extends string>(
  search: URLSearchParams,
  fields: readonly Name[],
  action: string,
): { readonly [N in Name]?: string } {
  const problems = new Problems(action);
  checkNames(search, fields, problems);
  problems.throwIfAny();
  return Object.fromEntries(search) as { [N in Name]?: string };
}

/** @param several the fields that may come several times. */
function checkNames(
  search: URLSearchParams,
  fields: readonly string[],
  problems: Problems,
  several: readonly string[] = [],
): void {
  for (const name of new Set(search.keys())) {
    if (!fields.includes(name)) {
      problems.add(() => `${quote(name)} is not a field${didYouMean(name, fields)}`);
    } else if (!several.includes(name) && search.getAll(name).length > 1) {
      problems.add(() => `${name} is given twice`);
    }
  }
}

/** An id in a path. */
const TASK_ID = digits("the id of a task");

interface FilterUse {
  /** For the sentence of a refusal: `retry`. */
  readonly verb: string;
  /** True where it is for a list of some of the tasks. */
  readonly hasLimit: boolean;
  /** The zone of its times; default: that of this machine. */
  readonly zone?: string | undefined;
}

/** @throws TqError `invalid` */
export function readFilter(
  search: URLSearchParams,
  now: number,
  { verb, hasLimit, zone }: FilterUse = { verb: "list", hasLimit: true },
): ReadFilter {
  const problems = new Problems(`Cannot ${verb} tasks`);
  const fields = hasLimit ? [...FIELDS, "limit"] : FIELDS;
  checkNames(search, fields, problems, SEVERAL);
  const given = FILTER_PARTS.filter(({ field }) => search.has(field));
  const texts = new Map(given.map(({ key, field }) => [key, search.getAll(field).join(",")]));
  const call = search.get(CALL);
  if (call !== null) problems.attempt(() => addCall(call, texts));
  const filter = readWritten(
    {
      texts,
      where: search.getAll("where"),
      nameOf: ({ field }) => field,
      attempt: (read) => problems.attempt(read),
      zone,
    },
    now,
  );
  const limit = problems.check(LIMIT, search.get("limit") ?? "100", "limit") ?? 0;
  problems.throwIfAny();
  return hasLimit ? { ...filter, limit } : filter;
}

/**
 * @param verb for the sentence of a refusal: `retry`
 * @throws TqError `invalid`
 */
export function readId(text: string, verb: string): number {
  const problems = new Problems(`Cannot ${verb} a task`);
  const id = problems.check(TASK_ID, text, "its id");
  problems.throwIfAny();
  return id ?? 0; // never 0: without an id there was a problem
}
