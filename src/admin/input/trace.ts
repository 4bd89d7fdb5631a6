/** The trace that the headers of a push name: its tasks go on with it. */
import type { Context } from "hono";
import type { NewTask } from "../../task.ts";
import { readTrace, withTraceOfRequest } from "../../tracing/trace-context.ts";

/** Headers that are no trace are ignored, as the standard says. */
export function withTraceOf<T extends { readonly tasks: readonly NewTask[] }>(
  c: Context,
  push: T,
): T {
  const trace = readTrace(c.req.header("traceparent"), c.req.header("tracestate"));
  if (trace === null) return push;
  return { ...push, tasks: push.tasks.map((task) => withTraceOfRequest(task, trace)) };
}
