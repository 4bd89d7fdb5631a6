/** The URL of an alert: what is posted, what is tried again, and that its secrets stay secret. */
import { afterEach, expect, test } from "bun:test";
import { alertMessage } from "../../../src/worker/alerts/message.ts";
import { post } from "../../../src/worker/alerts/post.ts";

const NEVER = new AbortController().signal;
const message = alertMessage({ database: "/shop/tq.db", failures: [], count: 0, isTest: true });
const QUICK = { pauses: [1, 1], limit: 5_000 };

let server: Bun.Server<undefined> | undefined;
afterEach(() => server?.stop(true));

/** Answers the requests one after another with these; the last one again. */
function answer(...answers: (() => Response | Promise<Response>)[]) {
  const requests: { readonly headers: Headers; readonly body: string }[] = [];
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      requests.push({ headers: request.headers, body: await request.text() });
      const next = answers[Math.min(requests.length, answers.length) - 1];
      return next?.() ?? new Response();
    },
  });
  return { requests, url: `http://127.0.0.1:${server.port}/hooks/SECRET?token=SECRET` };
}

const status =
  (code: number, text = "") =>
  () =>
    new Response(text, { status: code });

test("an alert is posted as JSON, which chats can read", async () => {
  const { url, requests } = answer(status(204));
  expect(await post({ url, ...QUICK }, message, NEVER)).toBeNull();
  expect(requests).toHaveLength(1);
  const [request] = requests;
  expect(request?.headers.get("content-type")).toBe("application/json");
  const body = JSON.parse(request?.body ?? "") as Record<string, unknown>;
  expect(body).toMatchObject({ kind: "test", database: "/shop/tq.db", count: 0, failures: [] });
  expect(body["text"]).toBe(body["content"]);
});

test("a server that is in trouble is asked three times, one that refuses once", async () => {
  const troubled = answer(status(500), status(429), status(200));
  expect(await post({ url: troubled.url, ...QUICK }, message, NEVER)).toBeNull();
  expect(troubled.requests).toHaveLength(3);
  await server?.stop(true);
  const dead = answer(status(503, "later"));
  expect(await post({ url: dead.url, ...QUICK }, message, NEVER)).toEndWith(
    "/… answered 503: later",
  );
  expect(dead.requests).toHaveLength(3);
  await server?.stop(true);
  const refusing = answer(status(404, "no such hook"));
  expect(await post({ url: refusing.url, ...QUICK }, message, NEVER)).toEndWith(
    "/… answered 404: no such hook",
  );
  expect(refusing.requests).toHaveLength(1);
});

test("a redirect has told nobody", async () => {
  const { url } = answer(() => Response.redirect("http://127.0.0.1:1/elsewhere", 302));
  expect(await post({ url, ...QUICK }, message, NEVER)).toContain("/… answered 302");
});

test("a server that never answers is given up, also by a worker that stops", async () => {
  const { url } = answer(() => new Promise<Response>(() => {}));
  const tried = { url, limit: 50, pauses: [] };
  expect(await post(tried, message, NEVER)).toEndWith(
    "cannot be reached: it did not answer within 50 ms",
  );
  const stopping = new AbortController();
  const posting = post({ url, pauses: [60_000], limit: 60_000 }, message, stopping.signal);
  stopping.abort();
  expect(await posting).toBe("it was given up, as its worker stops");
});

test("an answer without an end is not read to its end", async () => {
  const { url } = answer(() => {
    const chunk = new Uint8Array(65_536).fill(97);
    return new Response(new ReadableStream({ pull: (to) => to.enqueue(chunk) }), { status: 400 });
  });
  const why = await post({ url, ...QUICK }, message, NEVER);
  expect(why).toContain("answered 400: aaa");
  expect(why?.length).toBeLessThan(300);
});

test("a user and a password go into a header, and no error shows a secret of the URL", async () => {
  const { url, requests } = answer(status(401, "no"));
  const withUser = url.replace("//", "//shop:p%40ss@");
  const why = await post({ url: withUser, ...QUICK }, message, NEVER);
  const basic = `Basic ${Buffer.from("shop:p@ss").toString("base64")}`;
  expect(requests[0]?.headers.get("authorization")).toBe(basic);
  await server?.stop(true);
  const unreachable = await post({ url: withUser, ...QUICK }, message, NEVER);
  expect(unreachable).toContain("cannot be reached");
  for (const words of [why, unreachable]) expect(words).not.toMatch(/SECRET|p@ss|p%40ss|shop/);
});

test("an answer that repeats the URL, or a part of it, shows no secret", async () => {
  const path = "/services/T0/B0/s3%20cr3t";
  const answers = [
    `Cannot POST ${path}?token=h%26ush&x=1`,
    `<pre>Cannot POST ${path}?token=h%26ush&amp;x=1</pre>`,
    `no hook "s3 cr3t" with h&ush for p@ss, ${Buffer.from("shop:p@ss").toString("base64")}`,
    JSON.stringify({ path: path.replaceAll("/", "\\/") }),
    `${path} `.repeat(100),
    `${"a".repeat(780)} ${path}`,
    `${"/x".repeat(100)} ${path.repeat(30)}`,
  ];
  for (const words of answers) {
    const { url } = answer(status(404, words));
    const given = `${new URL(url).origin.replace("//", "//shop:p%40ss@")}${path}?token=h%26ush&x=1`;
    const why = await post({ url: given, ...QUICK }, message, NEVER);
    expect(why).toContain("/… answered 404");
    expect(why).not.toMatch(/cr3|h&u|h%26|p@s|p%40|services/);
    expect(why).not.toContain(Buffer.from("shop:p@ss").toString("base64"));
    await server?.stop(true);
  }
});

test("words that only look like a part of the URL stay", async () => {
  const { url } = answer(status(400, "token of the hookshop expired"));
  const why = await post({ url: `${new URL(url).origin}/hook?v=1`, ...QUICK }, message, NEVER);
  expect(why).toEndWith("answered 400: token of the hookshop expired");
});

test("a server that cannot be asked is told of in a sentence", async () => {
  const { url } = answer(status(200));
  await server?.stop(true);
  const closed = await post({ url, ...QUICK }, message, NEVER);
  expect(closed).toEndWith("/… cannot be reached: nothing listens there");
  const closing = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: (socket) => void socket.end() },
  });
  const why = await post({ url: `http://127.0.0.1:${closing.port}/x`, ...QUICK }, message, NEVER);
  closing.stop(true);
  expect(why).toEndWith("cannot be reached: it closed the connection without an answer");
});
