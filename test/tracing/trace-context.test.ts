/** W3C Trace Context in the context of tasks. */
import { describe, expect, test } from "bun:test";
import {
  readTrace,
  readTraceparent,
  traceIn,
  withTrace,
  withTraceOfRequest,
  writeTraceparent,
} from "../../src/tracing/trace-context.ts";
import { newTask } from "../support/store.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const OTHER = "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

test("a traceparent is read and written as it was", () => {
  const ids = readTraceparent(PARENT);
  expect(ids && writeTraceparent(ids)).toBe(PARENT);
});

describe("it is ignored where it is", () => {
  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["no text", 7],
    ["empty", ""],
    ["of the forbidden version", PARENT.replace("00-", "ff-")],
    ["without a trace", `00-${"0".repeat(32)}-b7ad6b7169203331-01`],
    ["without a span", `00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01`],
    ["in upper case", PARENT.toUpperCase()],
    ["too short", PARENT.slice(1)],
    ["very long", `${PARENT}-${"x".repeat(1_000)}`],
  ])("%s", (_name, text) => {
    expect(readTraceparent(text)).toBeNull();
    expect(readTrace(text, "a=b")).toBeNull();
  });
});

test("a later version is read as far as it is known", () => {
  expect(readTraceparent(`${PARENT.replace("00-", "01-")}-more`)).not.toBeNull();
});

test("a tracestate that no header can have is left out", () => {
  expect(readTrace(PARENT, "a=b")).toEqual({ traceparent: PARENT, tracestate: "a=b" });
  expect(readTrace(PARENT, "ä=b")).toEqual({ traceparent: PARENT });
  expect(readTrace(PARENT, "a".repeat(513))).toEqual({ traceparent: PARENT });
});

test("a trace takes the place of an earlier one, and other keys and exact numbers stay", () => {
  const context = `{"n":12345678901234567890,"traceparent":"${OTHER}","tracestate":"a=b"}`;
  const traced = withTrace({ ...newTask(), context }, { traceparent: PARENT });
  expect(traced.context).toBe(`{"n":12345678901234567890,"traceparent":"${PARENT}"}`);
  expect(traceIn(traced.context)).toEqual({ traceparent: PARENT });
});

test("the headers of a request give way to the context of its task", () => {
  const task = { ...newTask(), context: `{"traceparent":"${OTHER}"}` };
  expect(withTraceOfRequest(task, { traceparent: PARENT })).toBe(task);
  const plain = { ...newTask(), context: "{}" };
  expect(withTraceOfRequest(plain, null)).toBe(plain);
});

test("a context that holds none, or is no JSON, has no trace", () => {
  expect(traceIn('{"a":{"traceparent":"x"}}')).toBeNull();
  expect(traceIn('{"traceparent"')).toBeNull();
});
