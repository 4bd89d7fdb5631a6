/** Spans of pushes and runs, by the real API and SDK of OpenTelemetry, as a program brings them. */
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Context, ContextManager } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { Model, push, type Queue, task, Transaction } from "tq";
import { MASK } from "../../src/redaction/secrets.ts";
import { writeTraceparent } from "../../src/tracing/trace-context.ts";
import { modelOf } from "../../src/registry/model-class.ts";
import { errorOf } from "../support/error.ts";
import { newTask } from "../support/store.ts";
import { HOUR_MS } from "../../src/values/duration.ts";
import { makeRuntime } from "../model/support.ts";

class Sale extends Model {
  static override readonly __name__ = "traced.sale";
  declare static readonly __queue__: Queue<typeof Sale>;
  static readonly tasks = { fail: { attempts: 2, backoff: "0s" } };
  static readonly redact = ["password"];
  process() {}
  async wait() {
    await Bun.sleep(1);
    await this.inner();
    await Sale.__queue__.process(this);
  }
  async inner() {
    trace.getTracer("shop").startSpan("inner").end();
  }
  fail(options: { password: string }) {
    throw new TypeError(`no ${options.password}`);
  }
}

const thumbnail = task("traced.thumbnail", () => {});

/** As the package of that name for Node does it. */
class Manager implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  active(): Context {
    return this.#storage.getStore() ?? ROOT_CONTEXT;
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    of: Context,
    fn: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#storage.run(of, () => fn.apply(self, args));
  }
  bind<T>(_context: Context, target: T): T {
    return target;
  }
  enable(): this {
    return this;
  }
  disable(): this {
    return this;
  }
}

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

function spans(): ReadableSpan[] {
  return exporter.getFinishedSpans();
}

function named(name: string): ReadableSpan {
  const found = spans().filter((span) => span.name === name);
  expect(found.length).toBeGreaterThan(0);
  return found[0] as ReadableSpan;
}

const traceOf = (span: ReadableSpan) => span.spanContext().traceId;

function parentOf(span: ReadableSpan): string | undefined {
  return span.parentSpanContext?.spanId;
}

beforeEach(() => exporter.reset());
afterEach(() => {
  trace.disable();
  context.disable();
});

describe.each([
  ["with a context manager", true],
  ["without one", false],
])("%s", (_name, isManaged) => {
  beforeEach(() => {
    trace.setGlobalTracerProvider(provider);
    if (isManaged) context.setGlobalContextManager(new Manager());
  });

  test("a push is a producer's span, and the run a consumer's below it", async () => {
    await using tq = makeRuntime();
    const id = await Sale.__queue__.process(new Sale(7));
    const pushed = named("push traced.sale.process");
    expect(pushed.kind).toBe(SpanKind.PRODUCER);
    expect(pushed.attributes).toEqual({
      "messaging.system": "tq",
      "messaging.operation.name": "push",
      "messaging.operation.type": "send",
      "messaging.destination.name": "default",
      "messaging.message.id": String(id),
      "tq.task.call": "traced.sale.process",
    });
    const traceparent = writeTraceparent(pushed.spanContext());
    expect((await tq.getTask(id)).context).toEqual({ traceparent });
    await tq.runTask(id);
    const run = named("run traced.sale.process");
    expect(run.kind).toBe(SpanKind.CONSUMER);
    expect(traceOf(run)).toBe(traceOf(pushed));
    expect(parentOf(run)).toBe(pushed.spanContext().spanId);
    expect(run.attributes).toEqual({
      "messaging.system": "tq",
      "messaging.operation.name": "run",
      "messaging.operation.type": "process",
      "messaging.destination.name": "default",
      "messaging.message.id": String(id),
      "tq.task.call": "traced.sale.process",
      "tq.task.attempt": 1,
      "tq.task.outcome": "finished",
    });
    expect(run.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("what a run pushes goes on in its trace", async () => {
    await using tq = makeRuntime();
    await Sale.__queue__.wait(new Sale(7));
    await tq.runAll();
    const run = named("run traced.sale.wait");
    const pushed = named("push traced.sale.process");
    expect(parentOf(pushed)).toBe(run.spanContext().spanId);
    const next = named("run traced.sale.process");
    expect(parentOf(next)).toBe(pushed.spanContext().spanId);
    expect(new Set([run, pushed, next].map(traceOf)).size).toBe(1);
    const isBelow = parentOf(named("inner")) === run.spanContext().spanId;
    expect(isBelow).toBe(isManaged);
  });

  test("tasks that run together have spans of their own", async () => {
    await using tq = makeRuntime();
    const ids = await Sale.__queue__.process([new Sale(1), new Sale(2)]);
    expect(named("push traced.sale.process").attributes).not.toHaveProperty("messaging.message.id");
    await tq.runBatch(ids);
    const runs = spans().filter(({ name }) => name === "run traced.sale.process");
    expect(runs.map(({ attributes }) => attributes["messaging.message.id"])).toEqual(
      ids.map(String),
    );
  });

  test("an error is recorded without the secrets that it quotes", async () => {
    await using tq = makeRuntime();
    const id = await Sale.__queue__.fail(new Sale(1), { password: "hunter2" });
    await tq.runTask(id);
    const { status, events, attributes } = named("run traced.sale.fail");
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: `no ${MASK}` });
    expect(attributes).toMatchObject({ "error.type": "TypeError", "tq.task.outcome": "retry" });
    const [{ name, attributes: of }] = events as [(typeof events)[0]];
    expect(name).toBe("exception");
    expect(of).toMatchObject({ "exception.type": "TypeError", "exception.message": `no ${MASK}` });
    expect(JSON.stringify(events)).not.toContain("hunter2");
  });

  test("a later attempt begins a trace of its own, with a link to the push", async () => {
    await using tq = makeRuntime();
    const id = await Sale.__queue__.fail(new Sale(1), { password: "hunter2" });
    await tq.runTask(id);
    await tq.store.retry(id);
    await tq.runTask(id);
    const pushed = named("push traced.sale.fail");
    const [first, second] = spans().filter(({ name }) => name === "run traced.sale.fail");
    expect(first?.links).toEqual([]);
    expect(second?.links[0]?.context.spanId).toBe(pushed.spanContext().spanId);
    expect(second && traceOf(second)).not.toBe(traceOf(pushed));
    expect(second?.parentSpanContext).toBeUndefined();
  });

  test("so does a first run an hour after the push", async () => {
    await using tq = makeRuntime();
    const [id = 0] = await push({ model: "traced.thumbnail" });
    tq.registry.add(modelOf(thumbnail) ?? Sale, null);
    tq.clock.time += HOUR_MS;
    await tq.runTask(id);
    const pushed = named("push traced.thumbnail");
    expect(named("run traced.thumbnail").links[0]?.context.spanId).toBe(
      pushed.spanContext().spanId,
    );
  });

  test("a push that fails is recorded, and its error is the program's", async () => {
    await using _tq = makeRuntime();
    const twice = { model: "traced.thumbnail", ref: "one" };
    await push(twice);
    expect(await errorOf(push(twice))).toMatchObject({ code: "conflict" });
    const last = spans().at(-1);
    expect(last?.status).toEqual({ code: SpanStatusCode.ERROR, message: "TqError" });
  });

  test("a forgotten push in a transaction is awaited as ever", async () => {
    await using tq = makeRuntime();
    await Transaction.start({}, async () => void Sale.__queue__.process(new Sale(1)));
    expect(await tq.tasks()).toHaveLength(1);
    expect(named("push traced.sale.process").ended).toBe(true);
  });

  test("the trace of a request, in the context of its task, is that of the run", async () => {
    await using tq = makeRuntime();
    const traceId = "0af7651916cd43dd8448eb211c80319c";
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const tracestate = "vendor=a,other=b";
    const [id = 0] = await tq.store.push([
      {
        ...newTask({ model: Sale.__name__, method: "process" }),
        context: JSON.stringify({ traceparent, tracestate }),
      },
    ]);
    tq.registry.add(Sale, null);
    await tq.runTask(id);
    const run = named("run traced.sale.process");
    expect(traceOf(run)).toBe(traceId);
    expect(run.parentSpanContext).toMatchObject({ spanId: "b7ad6b7169203331", isRemote: true });
    expect(run.spanContext().traceState?.get("other")).toBe("b");
  });
});

test("without an SDK no span is made, and a context keeps its keys", async () => {
  await using tq = makeRuntime();
  const id = await Sale.__queue__.process(new Sale(7));
  await tq.runTask(id);
  expect((await tq.getTask(id)).context).toEqual({});
  expect(spans()).toEqual([]);
});

test("an SDK that fails keeps no task from its run", async () => {
  const broken = {
    getTracer: () => ({
      startSpan() {
        throw new Error("no");
      },
      startActiveSpan: () => undefined as never,
    }),
  };
  trace.setGlobalTracerProvider(broken as never);
  await using tq = makeRuntime();
  const id = await Sale.__queue__.process(new Sale(7));
  expect((await tq.runTask(id)).state).toBe("finished");
});
