/** The function `tq.webhook`, whose tasks deliver webhooks. It outlives a receiver that is down for most of a day. */
import { modelFor } from "../../model/task-function.ts";
import type { Registry } from "../../registry/registry.ts";
import { WEBHOOK_CALL } from "../../task.ts";
import type { Deliverer } from "./deliver.ts";

/** The waits add up to some 22 h. */
const ATTEMPTS = 11;
const BACKOFF = { first: "10s", factor: 3, longest: "6h", jitter: 0.2 } as const;

/** @param own null: the registry is only shown. */
export function addWebhookFunction(registry: Registry, own: Deliverer | null): void {
  const policy = {
    attempts: ATTEMPTS,
    backoff: BACKOFF,
    failOn: "WebhookGone",
    transaction: false,
  } as const;
  const deliver = async (...call: unknown[]): Promise<string> => {
    const [target, id, body] = call as string[];
    if (own === null) throw new Error("only a worker delivers webhooks");
    const { deliverWebhook } = await import("./deliver.ts"); // most workers have no webhooks
    return deliverWebhook(own, { target: target ?? "", id: id ?? "", body: body ?? "" });
  };
  registry.addOwn(modelFor(WEBHOOK_CALL, policy, deliver));
}
