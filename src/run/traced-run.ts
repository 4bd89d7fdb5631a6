/** The span of a run, where its models have brought OpenTelemetry. */
import type { Outcome } from "../outcome.ts";
import { callWords, type ClaimedTask } from "../task.ts";
import {
  activeContext,
  asSpan,
  CONSUMER,
  FAILED,
  inContext,
  remoteSpan,
  type Span,
  startSpan,
  tell,
  withSpan,
} from "../tracing/open-telemetry.ts";
import { inSpan } from "../tracing/present-span.ts";
import { traceIn } from "../tracing/trace-context.ts";
import { HOUR_MS } from "../values/duration.ts";
import { sayableOutcome } from "./sayable.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";

/** The trace of a push is read as long as that is fresh: a later run begins a trace of its own, with a link to the push. */
const LONGEST_TRACE_MS = HOUR_MS;

/** @param run never rejects */
export function tracedRun(
  { store, redaction }: Pick<ThreadRuntime, "store" | "redaction">,
  task: ClaimedTask,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  const context = activeContext();
  const span = spanFor(task, store.now());
  if (span === null) return run();
  const outcome = inSpan(span, () => inContext(withSpan(context, span), run));
  void outcome.then((ended) => {
    tell(span, () => describe(span, sayableOutcome(ended, task, redaction)));
    tell(span, () => span.end());
  });
  return outcome;
}

function spanFor(task: ClaimedTask, now: number): Span | null {
  const attributes = {
    "messaging.system": "tq",
    "messaging.operation.name": "run",
    "messaging.operation.type": "process",
    "messaging.destination.name": task.queue,
    "messaging.message.id": String(task.id),
    "tq.task.call": callWords(task),
    "tq.task.attempt": task.attempt,
  };
  const trace = traceIn(task.context);
  const pushed = trace && remoteSpan(trace);
  const isFresh = task.attempt === 1 && now - task.enqueuedAt < LONGEST_TRACE_MS;
  const name = `run ${callWords(task)}`;
  const context = activeContext();
  if (pushed && isFresh) {
    return startSpan(name, { kind: CONSUMER, attributes }, withSpan(context, asSpan(pushed)));
  }
  const links = pushed ? [{ context: pushed }] : [];
  return startSpan(name, { kind: CONSUMER, attributes, links, root: true }, context);
}

function describe(span: Span, outcome: Outcome): void {
  span.setAttribute("tq.task.outcome", outcome.kind);
  if ("error" in outcome) {
    const { name, message, stack } = outcome.error;
    span.recordException({ name, message, ...(stack !== null && { stack }) });
    span.setAttribute("error.type", name);
    span.setStatus({ code: FAILED, message });
  } else if (outcome.reason !== null) {
    span.setAttribute("tq.task.reason", outcome.reason);
  }
}
