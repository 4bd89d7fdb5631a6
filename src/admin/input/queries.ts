/** Reads the address of a request: the filter of a list, the id of a task. */
import * as v from "valibot";
import { CALL, OPTIONS } from "../../push/task-options.ts";
import type { TaskFilter } from "../../store/looking.ts";
import { didYouMean } from "../../suggest.ts";
import { TASK_STATES } from "../../task.ts";
import { Problems } from "./check.ts";
import { digits, readField } from "./fields.ts";

const STATE = v.picklist(TASK_STATES, ({ input }) => {
  return `one of ${TASK_STATES.join(", ")}${didYouMean(String(input), TASK_STATES)}`;
});

/** The query of a list. */
const LIST = v.object({
  state: v.optional(
    v.pipe(
      v.string(),
      v.transform((states) => states.split(",")),
      v.array(STATE),
    ),
  ),
  queue: v.optional(readField(OPTIONS.queue.kind.readJson)),
  model: v.optional(readField(CALL.model.kind.readJson)),
  ref: v.optional(readField(OPTIONS.ref.kind.readJson)),
  limit: v.optional(digits("a whole number from 1 to 1000", 1000), "100"),
  /** Only tasks with a lower id: the next page. */
  before: v.optional(digits("the id of a task")),
});

/** An id in a path. */
const TASK_ID = digits("the id of a task");

/** @throws TqError `invalid` */
export function readFilter(search: URLSearchParams): TaskFilter {
  const problems = new Problems("Cannot list tasks");
  const given = new Map<string, string>();
  for (const [name, value] of search) {
    const earlier = given.get(name);
    if (earlier !== undefined && name !== "state") problems.add(() => `${name} is given twice`);
    given.set(name, earlier !== undefined && name === "state" ? `${earlier},${value}` : value);
  }
  const query = problems.read(LIST, Object.fromEntries(given));
  problems.throwIfAny();
  const { state: states, ...others } = query ?? {}; // never {}: without a query there was a problem
  const entries = Object.entries({ states, ...others });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
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
