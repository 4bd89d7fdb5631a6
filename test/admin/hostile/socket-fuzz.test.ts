/**
 * Requests for each operation of the OpenAPI document on a real socket, with bodies, headers and paths that no client
 * means: never a 500, and no row changes where a request is refused.
 */
import { afterAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { serve } from "../server.ts";
import { CALL, makeAdmin } from "../support.ts";
import { type DescribedOperation, documentOf, operationsOf, requestsFor } from "../v1/document.ts";
import { answerTo } from "./raw-http.ts";

/** Requests for each operation. */
const REQUESTS = 40;

const server = await serve();
await server.store.push([]);
afterAll(() => server[Symbol.asyncDispose]());
const headers = server.headers;
await fetch(`${server.url}/api/v1/tasks`, {
  method: "POST",
  headers,
  body: JSON.stringify([CALL, { ...CALL, scheduled_at: "1h" }, CALL]),
});
await server.store.cancel(1);

const { operations, schemas } = await describedOnce();

async function describedOnce() {
  await using admin = makeAdmin();
  const document = await documentOf(admin);
  return { operations: operationsOf(document), schemas: document.components.schemas };
}

const bytes = (text: string) => Buffer.from(text, "latin1");

/** A value of a header, which may have any byte but those that end it. */
const headerValues = fc.oneof(
  fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[^ -~]/g, "")),
  fc
    .uint8Array({ maxLength: 40 })
    .map((some) =>
      Buffer.from(some.filter((byte) => byte > 0x1f && byte !== 0x7f)).toString("latin1"),
    ),
);

const HEADERS = [
  "Idempotency-Key",
  "Last-Event-ID",
  "Content-Type",
  "Content-Encoding",
  "Accept",
  "Accept-Encoding",
  "Cookie",
  "Range",
  "If-None-Match",
  "If-Modified-Since",
  "Prefer",
  "Origin",
  "Sec-Fetch-Site",
  "X-Forwarded-For",
  "X-HTTP-Method-Override",
  "Transfer",
  "traceparent",
];

const moreHeaders = fc
  .dictionary(fc.constantFrom(...HEADERS), headerValues, { maxKeys: 3 })
  .map((some) => Object.entries(some).map(([name, value]) => `${name}: ${value}\r\n`));

const DEEP = 100_000;

/** Bodies that are made from one that is nearly right. */
const SPOILT: readonly ((json: string) => Buffer)[] = [
  (json) => Buffer.from(json),
  (json) => Buffer.from(json),
  (json) => Buffer.from(json.slice(0, -1)),
  (json) => Buffer.from(`${json}${json}`),
  (json) => Buffer.from(`\uFEFF${json}`),
  (json) => Buffer.from(json, "utf16le"),
  (json) => Buffer.from(json.replaceAll(/\d+/g, "9".repeat(5_000))),
  (json) => Buffer.from(json.replaceAll(/\d+/g, "1e400")),
  (json) => Buffer.from(json.replaceAll(/\d+/g, "-0")),
  (json) => Buffer.from(json.replaceAll(/"[^"]*"/g, String.raw`"\ud800\u0000"`)),
  (json) => Buffer.from(json.replaceAll("{", '{"__proto__":{"constructor":1},"__class__":"date",')),
  (json) => Buffer.from(`${"[".repeat(DEEP)}${json}${"]".repeat(DEEP)}`),
  (json) =>
    Buffer.from(json.replaceAll(/:[^,{}[\]]+/g, `:${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}`)),
  (json) => Buffer.from(json.replaceAll(/"[^"]*"/g, `"${"x".repeat(300_000)}"`)),
  () => bytes("\xff\xfe\x00"),
  () => bytes(""),
];

const CHUNKED = "Transfer-Encoding: chunked";

/** The bytes of a request for an operation. */
function requestBytes(operation: DescribedOperation): fc.Arbitrary<Buffer> {
  return fc
    .record({
      made: requestsFor(operation, schemas),
      more: moreHeaders,
      spoil: fc.constantFrom(...SPOILT),
      isChunked: fc.boolean(),
      tail: fc.oneof(
        { weight: 4, arbitrary: fc.constant("") },
        fc.constantFrom("%", "%ff", "%00", ";a=b", "?x", "#"),
      ),
    })
    .map(({ made: { path, body }, more, spoil, isChunked, tail }) => {
      const head = `${operation.method} ${path}${tail} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${headers.authorization}\r\n${more.join("")}`;
      if (body === undefined) return bytes(`${head}\r\n`);
      const content = spoil(JSON.stringify(body)).subarray(0, 1_500_000);
      const length = isChunked ? CHUNKED : `Content-Length: ${content.length}`;
      const start = isChunked && content.length > 0 ? `${content.length.toString(16)}\r\n` : "";
      const end = isChunked ? `${content.length > 0 ? "\r\n" : ""}0\r\n\r\n` : "";
      return Buffer.concat([bytes(`${head}${length}\r\n\r\n${start}`), content, bytes(end)]);
    });
}

describe.each(operations)("$operationId", (operation) => {
  test("answers whatever comes over a socket, and changes nothing where it refuses", async () => {
    await fc.assert(
      fc.asyncProperty(requestBytes(operation), async (request) => {
        const before = await server.database.rows();
        const text = await answerTo(server.port, request);
        const status = Number(text.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
        expect(status).toBeGreaterThanOrEqual(200);
        expect(status).toBeLessThan(500);
        if (status < 400) return;
        expect(await server.database.rows()).toBe(before);
        if (status !== 400) expect(text).toContain('"code":"'); // 400 is of Bun, and has no body
      }),
      { numRuns: REQUESTS },
    );
    const told = server.events.filter(({ name }) => name !== "admin.listening");
    expect(told).toEqual([]);
  }, 60_000);
});
