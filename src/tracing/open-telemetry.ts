/**
 * OpenTelemetry, where the models or the program have brought it. tq imports none of it: `@opentelemetry/api` registers the
 * SDK of a process on `globalThis`, and each thread has a `globalThis` of its own.
 */
import { VERSION } from "../version.ts";
import { type Ids, readTraceparent, type TraceContext, writeTraceparent } from "./trace-context.ts";

/** As much of `@opentelemetry/api` 1 as is used here. */
export interface Span {
  spanContext(): SpanContext;
  setAttribute(key: string, value: string | number): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  recordException(error: {
    readonly name: string;
    readonly message: string;
    readonly stack?: string;
  }): void;
  end(): void;
}

interface SpanContext extends Ids {
  readonly isRemote?: boolean;
  readonly traceState?: { serialize(): string };
}

export interface OtelContext {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): OtelContext;
  deleteValue(key: symbol): OtelContext;
}

export interface SpanOptions {
  readonly kind: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly links?: readonly { readonly context: SpanContext }[];
  readonly root?: boolean;
}

interface Api {
  readonly trace?: TracerProvider;
  readonly context?: {
    active(): OtelContext;
    with<T>(context: OtelContext, fn: () => T): T;
  };
}

interface TracerProvider {
  getTracer(name: string, version: string): Tracer;
  /** Of the provider that the API registers: the one of the SDK. */
  getDelegate?(): { forceFlush?(): Promise<void> };
}

interface Tracer {
  startSpan(name: string, options: SpanOptions, context: OtelContext): Span;
}

export const PRODUCER = 3;
export const CONSUMER = 4;
export const FAILED = 2;

/** Registered names, which any copy of the API has. */
const API = Symbol.for("opentelemetry.js.api.1");
const SPAN = Symbol.for("OpenTelemetry Context Key SPAN");

function api(): Api | undefined {
  return (globalThis as { [API]?: Api })[API];
}

/** True once an SDK is registered in this thread. */
export function isTraced(): boolean {
  return api()?.trace !== undefined;
}

/** The context of the code that runs; an empty one where the SDK has no context manager. */
export function activeContext(): OtelContext {
  return api()?.context?.active() ?? EMPTY;
}

export function spanOf(context: OtelContext): Span | undefined {
  return context.getValue(SPAN) as Span | undefined;
}

export function withSpan(context: OtelContext, span: unknown): OtelContext {
  return context.setValue(SPAN, span);
}

/** Runs the function where the spans that it starts are below this context's, if the SDK can do that. */
export function inContext<T>(context: OtelContext, fn: () => T): T {
  const manager = api()?.context;
  return manager ? manager.with(context, fn) : fn();
}

/** null: an SDK that cannot start a span must not keep a task from its run. */
export function startSpan(name: string, options: SpanOptions, context: OtelContext): Span | null {
  try {
    return api()?.trace?.getTracer("tq", VERSION).startSpan(name, options, context) ?? null;
  } catch {
    return null;
  }
}

/** Calls the SDK: what it throws is its own trouble. */
export function tell(span: Span, fn: (span: Span) => void): void {
  try {
    fn(span);
  } catch {
    // the task goes on without
  }
}

/** null: the span is none, as one of a provider without an SDK. */
export function traceOf(span: Span): TraceContext | null {
  const ids = span.spanContext();
  const traceparent = writeTraceparent(ids);
  if (readTraceparent(traceparent) === null) return null;
  return { traceparent, tracestate: ids.traceState?.serialize() || undefined };
}

/** The span of another process, as a parent or a link. */
export function remoteSpan({ traceparent, tracestate }: TraceContext): SpanContext | null {
  const ids = readTraceparent(traceparent);
  if (ids === null) return null;
  return { ...ids, isRemote: true, ...(tracestate && { traceState: new State(tracestate) }) };
}

/** Stands for a span that is recorded elsewhere. */
export function asSpan(context: SpanContext): Pick<Span, "spanContext"> {
  return { spanContext: () => context };
}

/** Sends what the SDK has gathered, before its thread or program ends. Never rejects, and takes two seconds at most. */
export async function flushSpans(): Promise<void> {
  try {
    const flushed = api()?.trace?.getDelegate?.().forceFlush?.();
    if (flushed) await Promise.race([flushed, Bun.sleep(MOST_FLUSH_MS)]);
  } catch {
    // they are lost
  }
}

const MOST_FLUSH_MS = 2_000;

class Context implements OtelContext {
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(values: ReadonlyMap<symbol, unknown>) {
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): OtelContext {
    return new Context(new Map([...this.#values, [key, value]]));
  }

  deleteValue(key: symbol): OtelContext {
    return new Context(new Map([...this.#values].filter(([name]) => name !== key)));
  }
}

const EMPTY: OtelContext = new Context(new Map());

/** A tracestate, as the API has it. */
class State {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  #entries(): [string, string][] {
    return this.#text.split(",").map((part) => {
      const [key = "", ...value] = part.trim().split("=");
      return [key, value.join("=")];
    });
  }

  get(key: string): string | undefined {
    return this.#entries().find(([name]) => name === key)?.[1];
  }

  set(key: string, value: string): State {
    const rest = this.unset(key).serialize();
    return new State(rest === "" ? `${key}=${value}` : `${key}=${value},${rest}`);
  }

  unset(key: string): State {
    const rest = this.#entries().filter(([name]) => name !== key && name !== "");
    return new State(rest.map((entry) => entry.join("=")).join(","));
  }

  serialize(): string {
    return this.#text;
  }
}
