/** The parts of a request that name tasks: an id in the path, a filter in the query. */
import * as v from "valibot";
import { CALL, CALL_HELP } from "../../tasks/call-filter.ts";
import { FILTER_PARTS } from "../../tasks/filter.ts";
import { readId } from "../input/queries.ts";
import { reads } from "./operation.ts";

const TASK_PATH = v.object({
  id: v.pipe(v.string(), v.regex(/^\d{1,16}$/), v.description("The id of a task")),
});

/** @param verb for the sentence of a refusal */
export function taskId(verb: string) {
  return reads("param", TASK_PATH, (c) => ({ id: readId(c.req.param("id") ?? "", verb) }));
}

export function queryField(help: string) {
  return v.optional(v.pipe(v.string(), v.description(help)));
}

/** The fields of a filter. */
export const FILTER_QUERY = v.object({
  ...(Object.fromEntries(
    FILTER_PARTS.map(({ field, help }) => [field, queryField(help)]),
  ) as Record<(typeof FILTER_PARTS)[number]["field"], ReturnType<typeof queryField>>),
  [CALL]: queryField(CALL_HELP),
  where: queryField("A value inside the call, such as args.order=4711; may come several times"),
});
