/** A push over HTTP goes on with the trace of its request. */
import { expect, test } from "bun:test";
import { makeAdmin } from "./support.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const tracestate = "vendor=a";
const CALL = { model: "sale", method: "process", instances: 7 };

async function contextsOf(path: string, headers: Record<string, string>, body: object) {
  await using admin = makeAdmin();
  const answer = await admin.ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  expect(answer.status).toBe(201);
  return (await admin.store.list()).map(({ context }) => context);
}

test.each(["/api/tasks", "/api/v1/tasks"])("%s keeps traceparent and tracestate", async (path) => {
  const headers = { traceparent, tracestate };
  const trace = { traceparent, tracestate };
  expect(await contextsOf(path, headers, CALL)).toEqual([trace]);
  const company = { ...CALL, context: { company: 1 } };
  expect(await contextsOf(path, headers, [CALL, company])).toEqual([
    { company: 1, ...trace },
    trace,
  ]);
  expect(await contextsOf(path, { traceparent: "no" }, CALL)).toEqual([{}]);
  const own = { traceparent: traceparent.replace("-01", "-00") };
  expect(await contextsOf(path, headers, { ...CALL, context: own })).toEqual([own]);
});
