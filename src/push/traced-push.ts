/** The span of a push, where the program has brought OpenTelemetry: its tasks belong to its trace. */
import { errorName } from "../outcome.ts";
import { callWords, type NewTask } from "../task.ts";
import {
  activeContext,
  FAILED,
  PRODUCER,
  type Span,
  spanOf,
  startSpan,
  tell,
  traceOf,
  withSpan,
} from "../tracing/open-telemetry.ts";
import { withTrace } from "../tracing/trace-context.ts";
import { presentSpan } from "../tracing/present-span.ts";

type Ids = number[];

/** @param push stores the tasks */
export async function tracedPush(
  tasks: readonly NewTask[],
  push: (tasks: readonly NewTask[]) => Promise<Ids>,
): Promise<Ids> {
  const [first] = tasks;
  const span = first ? spanFor(tasks, first) : null;
  const trace = span && traceOf(span);
  try {
    const ids = await push(trace ? tasks.map((task) => withTrace(task, trace)) : tasks);
    const [id] = ids;
    if (ids.length === 1 && id !== undefined) {
      span?.setAttribute("messaging.message.id", String(id));
    }
    return ids;
  } catch (error) {
    if (span) tell(span, () => failed(span, error));
    throw error;
  } finally {
    if (span) tell(span, () => span.end());
  }
}

function spanFor(tasks: readonly NewTask[], first: NewTask): Span | null {
  const calls = new Set(tasks.map(callWords));
  const [call = ""] = calls;
  const attributes = {
    "messaging.system": "tq",
    "messaging.operation.name": "push",
    "messaging.operation.type": "send",
    "messaging.destination.name": first.queue,
    ...(tasks.length > 1 && { "messaging.batch.message_count": tasks.length }),
    ...(calls.size === 1 && { "tq.task.call": call }),
  };
  const active = activeContext();
  const parent = spanOf(active) ?? presentSpan();
  const context = parent ? withSpan(active, parent) : active;
  return startSpan(
    `push ${calls.size === 1 ? call : "tasks"}`,
    { kind: PRODUCER, attributes },
    context,
  );
}

/** Its message may quote arguments that are secret. */
function failed(span: Span, error: unknown): void {
  const name = error instanceof Error ? errorName(error) : "Error";
  span.setAttribute("error.type", name);
  span.setStatus({ code: FAILED, message: name });
}
