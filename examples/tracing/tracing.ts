/**
 * Brings OpenTelemetry: tq then makes a span of each push and of each run. A real program sends them with
 * `@opentelemetry/exporter-trace-otlp-http` to Jaeger, Tempo or another collector; this one writes a line of each to a file.
 */
import { appendFileSync } from "node:fs";
import { type Span, trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from "@opentelemetry/sdk-trace-base";

const exporter: SpanExporter = {
  export(spans, done) {
    appendFileSync("spans.txt", spans.map(lineOf).join(""));
    done({ code: 0 });
  },
  shutdown: async () => {},
};

function lineOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext();
  const parent = span.parentSpanContext?.spanId ?? "-";
  return `${traceId} ${spanId} ${parent} ${span.status.code} ${span.name}\n`;
}

const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
trace.setGlobalTracerProvider(provider);

/** Sends what is left. tq does so itself at the end of a thread. */
export const flush = () => provider.forceFlush();

/** A span of the program's own; with `NodeTracerProvider` and its `register()` it is below the one of the run. */
export function withSpan<T>(name: string, fn: (span: Span) => Promise<T>): Promise<T> {
  return trace.getTracer("order").startActiveSpan(name, async (span) => {
    try {
      return await fn(span);
    } finally {
      span.end();
    }
  });
}
