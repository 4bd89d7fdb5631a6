/** The spans of runs, so that what a run pushes belongs to its trace, also where the SDK has no context manager. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Span } from "./open-telemetry.ts";

let spans: AsyncLocalStorage<Span> | null = null;

/** Runs the function as part of the span. */
export function inSpan<T>(span: Span, fn: () => T): T {
  spans ??= new AsyncLocalStorage();
  return spans.run(span, fn);
}

export function presentSpan(): Span | undefined {
  return spans?.getStore();
}
