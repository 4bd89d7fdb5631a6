/** Webhooks of the built binary: one task for each end, delivered whatever is killed. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { ok, receive } from "../support/receiver.ts";
import { until } from "../support/until.ts";
import { ROOT, Site } from "./support/site.ts";

setDefaultTimeout(60_000);

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

const MODELS = `
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  fail(word) { throw new Error("no " + this.id); }
  work() { return this.id; }
}`;

function siteWith(url: string, more = ""): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  site.write(
    "tq.toml",
    `[[webhook]]\nurl = "${url}"\nsecret = "${SECRET}"\n${more}\n[tasks."tq.webhook"]\nbackoff = "50ms"\n`,
  );
  return site;
}

/** Retries an assertion for 10 s. */
const soon = (assertion: () => unknown) => until(assertion, 10_000);

test("a task that failed is told once, signed, without its arguments", async () => {
  await using receiver = receive(ok);
  await using site = siteWith(receiver.url);
  const worker = await site.worker(["-n", "1", "--queue", "default"]);
  const id = await site.pushOne("job", "fail", "1", "--args", '["private"]');
  await site.pushOne("job", "work", "2");
  await soon(() => expect(receiver.received).toHaveLength(1));
  const [{ headers, event }] = receiver.received as [(typeof receiver.received)[0]];
  expect(event).toMatchObject({
    type: "task.failed",
    data: { id, state: "failed", model: "job", method: "fail", reason: "Error: no 1" },
  });
  expect(event.timestamp).toBe(event.data["finished_at"] as string);
  expect(event.data).not.toHaveProperty("args");
  expect(headers.get("webhook-id")).toMatch(/^tq_[\da-f]{32}$/);
  expect(headers.get("webhook-signature")).toMatch(/^v1,[\w+/]{43}=$/);
  worker.kill("SIGTERM");
  await worker.exited;
  const { stdout } = await site.run("list", "--json");
  expect(stdout + worker.stderr).not.toContain("hush");
  expect(stdout + worker.stderr).not.toContain(SECRET.slice(6));
});

test("workers that are killed at any point push one delivery for each end, and lose none", async () => {
  await using receiver = receive(ok);
  await using site = siteWith(receiver.url, 'events = ["task.failed", "task.finished"]');
  const ids: number[] = [];
  await site.worker(["-n", "1"]);
  for (let round = 0; round < 6; round++) {
    const worker = await site.worker(["-n", "2"]);
    for (let key = 0; key < 10; key++) {
      ids.push(await site.pushOne("job", key % 2 === 0 ? "work" : "fail", String(key)));
    }
    await soon(() => expect(receiver.received.length).toBeGreaterThan(round * 10));
    worker.kill("SIGKILL");
    await worker.exited;
  }
  await soon(() => expect(told(receiver)).toEqual(ids));
  const deliveries = "SELECT args FROM tq_tasks WHERE model = 'tq.webhook'";
  const pushed = site
    .all<{ args: string }>(deliveries)
    .map(({ args }) => (JSON.parse(args) as [string, string])[1]);
  expect(pushed).toHaveLength(ids.length);
  expect(new Set(pushed).size).toBe(ids.length);
  const received = receiver.received.map(({ headers }) => headers.get("webhook-id") ?? "");
  expect(new Set(received)).toEqual(new Set(pushed));
});

/** The tasks that a receiver knows of. */
function told({ received }: ReturnType<typeof receive>): number[] {
  const ids = new Set(received.map(({ event }) => event.data["id"] as number));
  return [...ids].sort((a, b) => a - b);
}

test("what ends while its worker is dead is told by the next one", async () => {
  await using receiver = receive(ok);
  await using site = siteWith(receiver.url, 'events = ["task.cancelled"]');
  const worker = await site.worker();
  worker.kill("SIGKILL");
  await worker.exited;
  const id = await site.pushOne("job", "work", "1");
  await site.run("cancel", String(id));
  await site.worker();
  await soon(() => expect(told(receiver)).toEqual([id]));
  expect(receiver.received[0]?.event.type).toBe("task.cancelled");
});

test("a receiver that refuses is asked again with the same id and body; one that is gone is not", async () => {
  const statuses = [500, 302, 429, 204, 410];
  await using receiver = receive((number) => {
    const status = statuses[number] ?? 204;
    const headers = { location: "/elsewhere" };
    return new Response(status === 204 ? null : "hush", { status, headers });
  });
  await using site = siteWith(receiver.url);
  const worker = await site.worker();
  await site.pushOne("job", "fail", "1");
  await soon(() => expect(receiver.received).toHaveLength(4));
  const [first] = receiver.received;
  for (const { body, headers } of receiver.received) {
    expect(body).toBe(first?.body ?? "");
    expect(headers.get("webhook-id")).toBe(first?.headers.get("webhook-id") ?? "");
  }
  await site.pushOne("job", "fail", "2");
  const line = await worker.says("task.failed", { model: "tq.webhook" });
  expect(JSON.stringify(line)).toContain("answered 410");
  expect(receiver.received).toHaveLength(5);
  expect(worker.stderr).not.toContain("hush");
});

test("a worker that drains tells what it ran", async () => {
  await using receiver = receive(ok);
  await using site = siteWith(receiver.url, 'events = ["task.finished"]');
  const id = await site.pushOne("job", "work", "1");
  const { code } = await site.run("worker", "--drain");
  expect(code).toBe(0);
  expect(told(receiver)).toEqual([id]);
});

test("a webhook that was removed stops, with the deliveries that were to come", async () => {
  await using receiver = receive(() => new Response(null, { status: 503 }));
  await using site = siteWith(receiver.url);
  const worker = await site.worker();
  await site.pushOne("job", "fail", "1");
  await soon(() => expect(receiver.received.length).toBeGreaterThan(0));
  worker.kill("SIGTERM");
  await worker.exited;
  site.write("tq.toml", "");
  const next = await site.worker();
  const before = receiver.received.length;
  const cancelled = await next.says("task.cancelled", { model: "tq.webhook" });
  expect(JSON.stringify(cancelled)).toContain("no tq.toml of a worker has the webhook");
  const id = await site.pushOne("job", "fail", "2");
  await next.says("task.failed", { task: id });
  expect(receiver.received).toHaveLength(before);
});

test("a delivery whose worker is killed while it is under way comes again, with the same id", async () => {
  const held = Promise.withResolvers<Response>();
  await using receiver = receive((number) => (number === 0 ? held.promise : ok()));
  await using site = siteWith(receiver.url);
  const worker = await site.worker();
  await site.pushOne("job", "fail", "1");
  await soon(() => expect(receiver.received).toHaveLength(1));
  worker.kill("SIGKILL");
  await worker.exited;
  held.resolve(ok());
  const next = await site.worker();
  await next.says("task.finished", { model: "tq.webhook" });
  const [first, second] = receiver.received;
  expect(second?.headers.get("webhook-id")).toBe(first?.headers.get("webhook-id") ?? "");
  expect(second?.body).toBe(first?.body ?? "");
});

test("a worker without the settings of a webhook leaves its deliveries to one that has them", async () => {
  await using receiver = receive(ok);
  await using site = siteWith(receiver.url);
  const worker = await site.worker();
  await site.pauseUnlocked(worker);
  const id = await site.pushOne("job", "fail", "1");
  site.write("other.toml", "");
  const other = await site.worker(["-c", "other.toml", "-n", "1"]);
  await other.says("task.failed", { task: id });
  worker.kill("SIGCONT");
  other.kill("SIGTERM");
  await soon(() => expect(told(receiver)).toEqual([id]));
});

test("tq show tells the policy of a delivery, and tq push makes none", async () => {
  await using receiver = receive(() => new Response(null, { status: 410 }));
  await using site = siteWith(receiver.url);
  const worker = await site.worker();
  await site.pushOne("job", "fail", "1");
  const line = await worker.says("task.failed", { model: "tq.webhook" });
  const shown = await site.run("show", String(line["task"]));
  expect(shown.stdout).toMatch(/attempts +11/);
  expect(shown.stderr).toBe("");
  const pushed = await site.run("push", "tq.webhook", '["a", "b", "{}"]');
  expect(pushed.code).not.toBe(0);
  expect(worker.find("log.note", { level: "warn" })).toBeUndefined();
});

test("the receiver of docs/webhooks.md takes what a worker signs, and nothing else", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  await using site = siteWith(url);
  site.write("receiver.ts", receiverOfDocs());
  const env = { PORT: String(port), SECRET, BUN_BE_BUN: "1" };
  const receiver = site.spawn([process.execPath, "receiver.ts"], { env });
  await soon(async () => expect((await post(url)).status).toBe(401));
  const worker = await site.worker();
  await site.pushOne("job", "fail", "1");
  await worker.says("task.finished", { model: "tq.webhook" });
  await soon(() => expect(receiver.stdout).toMatch(/^tq_[\da-f]{32} {"type":"task.failed",/));
});

function post(url: string): Promise<Response> {
  const headers = { "webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,no" };
  return fetch(url, { method: "POST", headers, body: "{}" });
}

function receiverOfDocs(): string {
  const text = readFileSync(join(ROOT, "docs/webhooks.md"), "utf8");
  return /^\/\/ receiver\.ts\n[^]*?^```$/m.exec(text)?.[0].replace(/```$/, "") ?? "";
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
