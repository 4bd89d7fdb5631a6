/** One delivery of a webhook: what is sent, and what becomes of each answer. */
import { expect, test } from "bun:test";
import { parseSettings } from "../../../src/settings/config.ts";
import { deliverWebhook } from "../../../src/worker/webhooks/deliver.ts";
import {
  deliveryOf,
  definitionOf,
  withWebhookQueue,
} from "../../../src/worker/webhooks/definitions.ts";
import { signatureOf } from "../../../src/worker/webhooks/signature.ts";
import { messageOf } from "../../../src/errors.ts";
import type { Task } from "../../../src/task.ts";
import { makeStore, pushOne } from "../../support/store.ts";
import { ok, receive } from "../../support/receiver.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const KEY = Buffer.from(SECRET.slice(6), "base64");

const settings = (url: string, more = {}, worker = {}) =>
  parseSettings({ webhook: [{ url, name: "shop", secret: SECRET, ...more }], worker }, "tq.toml");

/** Delivers to this place; gives why it failed. */
async function fails(url: string): Promise<string> {
  await using made = makeStore();
  const own = { config: settings(url), store: made.store };
  const delivery = { target: "shop", id: "tq_1", body: '{"a":1}' };
  return deliverWebhook(own, delivery).then(() => "", messageOf);
}

test("a signature is that of the example of Standard Webhooks", () => {
  const body = '{"test": 2432232314}';
  const signed = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1614265330, body };
  expect(signatureOf(KEY, signed)).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

test("a delivery has its id, the time of the attempt, and a signature of both and the body", async () => {
  await using made = makeStore();
  await using receiver = receive(ok);
  const own = { config: settings(receiver.url), store: made.store };
  const words = await deliverWebhook(own, { target: "shop", id: "tq_1", body: '{"a":1}' });
  expect(words).toBe("delivered with the status 204");
  const [{ headers, body }] = receiver.received as [(typeof receiver.received)[0]];
  const timestamp = Math.floor(made.store.now() / 1000);
  expect(headers.get("webhook-id")).toBe("tq_1");
  expect(headers.get("webhook-timestamp")).toBe(String(timestamp));
  const signature = signatureOf(KEY, { id: "tq_1", timestamp, body });
  expect(headers.get("webhook-signature")).toBe(signature);
  expect(headers.get("content-type")).toBe("application/json");
});

test.each([301, 307, 400, 404, 410, 429, 500, 503])(
  "an answer with %i fails the attempt, is not followed, and tells nothing of the URL",
  async (status) => {
    const headers = { location: "/other" };
    await using receiver = receive(() => new Response("no hush", { status, headers }));
    const why = await fails(receiver.url);
    expect(why).toContain(`/… answered ${status}`);
    expect(why).not.toContain("hush");
    expect(receiver.received).toHaveLength(1);
    expect(why.endsWith("; it is not tried again")).toBe(status === 410);
  },
);

test("a place where nothing listens fails the attempt", async () => {
  const receiver = receive(ok);
  await receiver[Symbol.asyncDispose]();
  const why = await fails(receiver.url);
  expect(why).toContain("nothing listens there");
  expect(why).not.toContain("hush");
});

test("a webhook that only other workers have is put off; one that no file asks for is cancelled", async () => {
  await using made = makeStore();
  const { store } = made;
  const config = parseSettings({}, "tq.toml");
  const deliver = () =>
    deliverWebhook({ config, store }, { target: "shop", id: "tq_1", body: "{}" }).catch(
      (error: unknown) => (error as Error).name,
    );
  expect(await deliver()).toBe("Cancel");
  await store.webhooks.watch(
    "/shop/tq.toml",
    settings("https://a.example").webhooks.map(definitionOf),
  );
  expect(await deliver()).toBe("Snooze");
});

test("a task of a delivery has the task in the words of the API, and neither URL nor secret", async () => {
  await using made = makeStore();
  const id = await pushOne(made.store, { args: '["private"]' });
  const task = (await made.store.cancel(id, "no more")) satisfies Task;
  const { webhooks } = settings("https://shop.example/hooks/hush", { events: ["task.cancelled"] });
  const [webhook] = webhooks;
  if (!webhook) throw new Error("there is one");
  const pushed = deliveryOf(webhook, task, "seed");
  expect(JSON.stringify(pushed)).not.toMatch(/hush|private|MfKQ9r8/);
  const [target, webhookId, body] = JSON.parse(pushed.args) as [string, string, string];
  expect(target).toBe("shop");
  expect(deliveryOf(webhook, task, "seed").args).toContain(webhookId);
  expect(deliveryOf(webhook, task, "other").args).not.toContain(webhookId);
  const at = new Date(task.finished_at ?? 0).toISOString();
  expect(JSON.parse(body)).toMatchObject({
    type: "task.cancelled",
    timestamp: at,
    data: { id, state: "cancelled", reason: "no more", finished_at: at },
  });
  const withArgs = deliveryOf({ ...webhook, includesArgs: true }, task, "seed");
  const [, , full = ""] = JSON.parse(withArgs.args) as string[];
  expect(JSON.parse(full)).toMatchObject({ data: { args: ["private"] } });
});

test("a worker with webhooks serves their queue, whatever it serves besides", () => {
  const queuesOf = (queues: string[], webhook: object = {}) =>
    withWebhookQueue(settings("https://a.example", webhook, { queues })).worker.queues;
  expect(queuesOf(["mail"])).toEqual(["mail", "tq.webhooks"]);
  expect(queuesOf([])).toEqual([]);
  expect(
    withWebhookQueue(parseSettings({ worker: { queues: ["mail"] } }, "tq.toml")).worker.queues,
  ).toEqual(["mail"]);
});
