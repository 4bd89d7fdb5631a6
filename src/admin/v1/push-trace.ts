/** Says in the document that a push takes the headers of a trace. */
import * as v from "valibot";
import { describesInput } from "./operation.ts";

const HEADERS = v.object({
  traceparent: v.optional(
    v.pipe(
      v.string(),
      v.description("The trace that the tasks go on with, by W3C Trace Context; else ignored"),
    ),
  ),
  tracestate: v.optional(v.pipe(v.string(), v.description("Belongs to traceparent"))),
});

export function takesTrace() {
  return describesInput("header", HEADERS, (_c, next) => next());
}
