/** Malformed requests on a real socket: each is refused, changes nothing, and the server goes on. */
import { afterAll, describe, expect, test } from "bun:test";
import { serve } from "../server.ts";
import { statusesOf } from "./raw-http.ts";

const server = await serve();
afterAll(() => server[Symbol.asyncDispose]());

const HOST = "Host: localhost\r\n";
const TOKEN = `Authorization: ${server.headers.authorization}\r\n`;
const BODY = '{"model":"sale","method":"process","instances":1}';
const SIZE = BODY.length;
const PUSH = `POST /api/v1/tasks HTTP/1.1\r\n${HOST}${TOKEN}`;
const CHUNKS = "Transfer-Encoding: chunked\r\n\r\n";
const WHOLE = `${SIZE.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
const LOOK = `${HOST}${TOKEN}\r\n`;

/** A push with these lines in its head. */
const push = (lines: string, body = BODY) => `${PUSH}${lines}\r\n\r\n${body}`;
const get = (path: string) => `GET ${path} HTTP/1.1\r\n${LOOK}`;

async function isUnharmed(): Promise<void> {
  const answer = await fetch(`${server.url}/healthz`);
  expect(await answer.json()).toEqual({ status: "ok" });
  expect(await server.store.list()).toEqual([]);
  expect(server.events.map(({ name }) => name)).toEqual(["admin.listening"]);
}

describe.each([
  ["a chunk whose size is no number", `${PUSH}${CHUNKS}zz\r\n${BODY}\r\n0\r\n\r\n`, "400"],
  ["a chunk of a negative size", `${PUSH}${CHUNKS}-1\r\n${BODY}\r\n0\r\n\r\n`, "400"],
  ["a chunk of 2^64 bytes", `${PUSH}${CHUNKS}ffffffffffffffff\r\n${BODY}\r\n0\r\n\r\n`, "400"],
  ["a chunk that is longer than it says", `${PUSH}${CHUNKS}5\r\n${BODY}\r\n0\r\n\r\n`, "400"],
  ["a length and chunks", push(`Content-Length: 5\r\nTransfer-Encoding: chunked`, WHOLE), "400"],
  ["chunks and a length", push(`Transfer-Encoding: chunked\r\nContent-Length: 5`, WHOLE), "400"],
  ["two lengths", push(`Content-Length: 5\r\nContent-Length: ${SIZE}`), "400"],
  ["a list of lengths", push(`Content-Length: ${SIZE}, ${SIZE}`), "400"],
  ["a length with a sign", push(`Content-Length: +${SIZE}`), "400"],
  ["a negative length", push("Content-Length: -1"), "400"],
  ["a length in hex", push("Content-Length: 0x31"), "400"],
  ["an empty length", push("Content-Length: "), "400"],
  ["a length of 10^23", push("Content-Length: 99999999999999999999999"), "400"],
  ["a length of 2^53 + 1", push("Content-Length: 9007199254740993"), "413"],
  ["another coding than chunks", push("Transfer-Encoding: identity"), "400"],
  ["two codings", push("Transfer-Encoding: gzip, chunked", WHOLE), "400"],
  ["a coding that is near chunked", push("Transfer-Encoding: xchunked", WHOLE), "400"],
  ["a space before a colon", push(`Transfer-Encoding : chunked\r\nContent-Length: ${SIZE}`), "400"],
  ["a folded header", push(`X: b\r\n Content-Length: 3\r\nContent-Length: ${SIZE}`), "400"],
  ["a CR alone in a header", push(`X: b\rContent-Length: 3\r\nContent-Length: ${SIZE}`), "400"],
  ["a NUL in a header", push(`X: b\0c\r\nContent-Length: ${SIZE}`), "400"],
  ["a header without a colon", push(`x\r\nContent-Length: ${SIZE}`), "400"],
  ["a header without a name", push(`: x\r\nContent-Length: ${SIZE}`), "400"],
  ["a name of a header outside ASCII", push(`\xe9: x\r\nContent-Length: ${SIZE}`), "400"],
  ["lines that end with LF alone", push(`Content-Length: ${SIZE}`).replaceAll("\r", ""), "505"],
  ["a header of a megabyte", push(`X: ${"a".repeat(1_000_000)}`), "431"],
  ["a thousand headers", push("X: a\r\n".repeat(1_000).trim()), "431"],
  ["two tokens", push(`${TOKEN}Content-Length: ${SIZE}`), "401"],
  [
    "a body that is compressed",
    push("Content-Encoding: gzip\r\nContent-Length: 3", "\x1f\x8b\x08"),
    "422",
  ],
  [
    "another method in a header",
    push("X-HTTP-Method-Override: DELETE\r\nContent-Length: 0", ""),
    "422",
  ],
  ["a NUL in its path", get("/api/v1/tasks/\0"), "505"],
  ["a NUL in its path as %00", get("/api/v1/tasks/%00"), "422"],
  ["a name that is no UTF-8", get("/api/v1/cron/%ff"), "404"],
  ["a % that is no escape", get("/api/v1/cron/%zz"), "404"],
  ["a path of 100 kB", get(`/api/v1/tasks?queue=${"a".repeat(100_000)}`), "431"],
  ["a path that leads above", get("/api/v1/../../etc/passwd"), "404"],
  ["a path without a slash", get("api/v1/tasks"), "400"],
  ["a path of two slashes", get("//evil.example/api/v1/tasks"), "404"],
  ["a path with backslashes", get("\\api\\v1\\tasks"), "400"],
  ["the address of a proxy's target", `CONNECT localhost:80 HTTP/1.1\r\n${LOOK}`, "404"],
  ["an asterisk for a path", `OPTIONS * HTTP/1.1\r\n${LOOK}`, "400"],
  [
    "a host that its address does not have",
    `GET http://localhost/ HTTP/1.1\r\nHost: evil.example\r\n${TOKEN}\r\n`,
    "403",
  ],
  ["no host", `GET /healthz HTTP/1.1\r\n\r\n`, "400"],
  ["two hosts", `GET /healthz HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n`, "403"],
  ["an empty host", `GET /healthz HTTP/1.1\r\nHost: \r\n\r\n`, "403"],
  ["a user in its host", `GET /healthz HTTP/1.1\r\nHost: evil@localhost\r\n\r\n`, "403"],
  ["HTTP/0.9", "GET /healthz\r\n", "505"],
  ["HTTP/2.0", `GET /healthz HTTP/2.0\r\n${HOST}\r\n`, "505"],
  ["the start of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"],
  ["the start of TLS", `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${"\0".repeat(200)}`, "400"],
  ["bytes of no meaning", `${"\0\x01\x02\x03".repeat(100)}\r\n\r\n`, "400"],
  ["a method that there is not", `FOO /healthz HTTP/1.1\r\n${HOST}\r\n`, "closed"],
  ["a method in lower case", `get /healthz HTTP/1.1\r\n${HOST}\r\n`, "closed"],
  ["a method that is not allowed", `TRACE /api/v1/tasks HTTP/1.1\r\n${LOOK}`, "405"],
])("a request with %s", (_name, request, expected) => {
  test(`is answered with ${expected}, and changes nothing`, async () => {
    expect(await statusesOf(server.port, request)).toBe(expected);
    await isUnharmed();
  });
});

describe.each([
  ["headers", `${PUSH}Content-Le`],
  ["body", push("Content-Length: 100")],
  ["chunks", `${PUSH}${CHUNKS}${SIZE.toString(16)}\r\n${BODY}\r\n`],
])("a client that ends the connection in the middle of its %s", (_name, request) => {
  test("gets no answer, and changes nothing", async () => {
    expect(await statusesOf(server.port, request, { isHalf: true })).toBe("closed");
    await isUnharmed();
  });
});
