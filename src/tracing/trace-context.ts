/** The trace that a task belongs to, as W3C Trace Context writes it: two keys of its context. */
import type { NewTask } from "../task.ts";
import { parseExactly } from "../values/exact-json.ts";

/** @see https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string | undefined;
}

const TRACEPARENT = /^(?!ff)[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-.*)?$/;
const NOTHING = /^0+$/;

/** The most characters that others must pass on. */
const MOST_STATE = 512;

/** The ids of a trace and of a span in it. */
export interface Ids {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** null: it is none, and is ignored, as the standard says. */
export function readTraceparent(text: unknown): Ids | null {
  if (typeof text !== "string" || text.length > MOST_STATE) return null;
  const [, traceId = "", spanId = "", flags = ""] = TRACEPARENT.exec(text.trim()) ?? [];
  if (traceId === "" || NOTHING.test(traceId) || NOTHING.test(spanId)) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

export function writeTraceparent({ traceId, spanId, traceFlags }: Ids): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, "0")}`;
}

/** The trace that a request, or the context of a task, names; null: it names none. */
export function readTrace(traceparent: unknown, tracestate: unknown): TraceContext | null {
  if (typeof traceparent !== "string" || readTraceparent(traceparent) === null) return null;
  const isState = typeof tracestate === "string" && /^[\x20-\x7e]{1,512}$/.test(tracestate);
  return { traceparent: traceparent.trim(), ...(isState && { tracestate }) };
}

/** The task with the trace in its context, in place of one that was there. */
export function withTrace(task: NewTask, { traceparent, tracestate }: TraceContext): NewTask {
  const { traceparent: _, tracestate: __, ...rest } = readContext(task.context);
  const context = { ...rest, traceparent, ...(tracestate && { tracestate }) };
  return { ...task, context: JSON.stringify(context) };
}

/** The same, unless the context says one itself. */
export function withTraceOfRequest(task: NewTask, trace: TraceContext | null): NewTask {
  if (trace === null || "traceparent" in readContext(task.context)) return task;
  return withTrace(task, trace);
}

/** Numbers that JavaScript cannot hold stay as they are. */
function readContext(text: string): Readonly<Record<string, unknown>> {
  return parseExactly(text) as Readonly<Record<string, unknown>>;
}

/** The trace in the stored context of a task; null: none, or none that can be read. */
export function traceIn(context: string): TraceContext | null {
  if (!context.includes('"traceparent"')) return null;
  try {
    const { traceparent, tracestate } = readContext(context);
    return readTrace(traceparent, tracestate);
  } catch {
    return null; // plain SQL may have stored what is no JSON
  }
}
