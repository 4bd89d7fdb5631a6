/** The webhooks of the settings as the store follows them, and the tasks that deliver them. */
import type { Config } from "../../settings/config.ts";
import type { WebhookSettings } from "../../settings/webhook-sections.ts";
import type { WebhookDefinition, WebhookFollow } from "../../store/webhook-store.ts";
import {
  FUNCTION_METHOD,
  type NewTask,
  NO_INSTANCES,
  type Task,
  type TaskState,
  WEBHOOK_CALL,
  WEBHOOK_QUEUE,
} from "../../task.ts";
import { encode } from "../../values/encoding.ts";
import { isoTime, withIsoTimes } from "../../values/iso-times.ts";

export function definitionOf(webhook: WebhookSettings): WebhookDefinition {
  const { target, events, queues, tasks, includesArgs } = webhook;
  const states = events.map((event) => event.slice("task.".length) as TaskState);
  const key = `${target} ${hashOf([events, queues, tasks, includesArgs])}`;
  return { key, target, states, queues, tasks };
}

/** The ends that the store follows for each of them. */
export function followsOf({ webhooks, file }: Config): WebhookFollow[] {
  const definitions = webhooks.map(definitionOf);
  return webhooks.map((webhook) => ({
    origin: file ?? "",
    definitions,
    definition: definitionOf(webhook),
    delivery: (task, seed) => deliveryOf(webhook, task, seed),
  }));
}

/** The task has the body as it is now, so that all its attempts send the same; and neither the URL nor the secret. */
export function deliveryOf(
  { target, includesArgs }: WebhookSettings,
  task: Task,
  seed: string,
): NewTask {
  const { args, ...rest } = withIsoTimes(task);
  const data = includesArgs ? { ...rest, args } : rest;
  const timestamp = task.finished_at === null ? null : isoTime(task.finished_at);
  const body = JSON.stringify({ type: `task.${task.state}`, timestamp, data });
  const id = `tq_${hashOf([seed, task.id, task.finished_at])}`;
  return {
    model: WEBHOOK_CALL,
    method: FUNCTION_METHOD,
    instances: NO_INSTANCES,
    args: encode([target, id, body], "args"),
    context: "{}",
    user: 0,
    queue: WEBHOOK_QUEUE,
    priority: 0,
    scheduledAt: null,
    expectedAt: null,
    expiresAt: null,
    ref: null,
    policy: null,
  };
}

function hashOf(value: unknown): string {
  const hash = new Bun.CryptoHasher("sha256").update(JSON.stringify(value));
  return hash.digest("hex").slice(0, 32);
}

/** A worker that has webhooks delivers them, whatever queues it serves besides. */
export function withWebhookQueue(config: Config): Config {
  const { webhooks, worker } = config;
  const servesAll = worker.queues.length === 0 || worker.queues.includes(WEBHOOK_QUEUE);
  if (webhooks.length === 0 || servesAll) return config;
  return { ...config, worker: { ...worker, queues: [...worker.queues, WEBHOOK_QUEUE] } };
}
