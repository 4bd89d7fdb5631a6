/** The function `tq.webhook`, whose tasks deliver webhooks. It outlives a receiver that is down for most of a day. */
import { modelFor } from "../../model/task-function.ts";
import type { Registry } from "../../registry/registry.ts";
import type { Config } from "../../settings/config.ts";
import type { Store } from "../../store/store.ts";
import { WEBHOOK_CALL } from "../../task.ts";

/** The waits add up to some 22 h. */
const ATTEMPTS = 11;
const BACKOFF = { first: "10s", factor: 3, longest: "6h", jitter: 0.2 } as const;

export function addWebhookFunction(
  registry: Registry,
  own: { readonly config: Config; readonly store: Store },
): void {
  const policy = {
    attempts: ATTEMPTS,
    backoff: BACKOFF,
    failOn: "WebhookGone",
    transaction: false,
  } as const;
  const deliver = async (...call: unknown[]): Promise<string> => {
    const [target, id, body] = call as string[];
    const { deliverWebhook } = await import("./deliver.ts"); // most workers have no webhooks
    return deliverWebhook(own, { target: target ?? "", id: id ?? "", body: body ?? "" });
  };
  registry.addOwn(modelFor(WEBHOOK_CALL, policy, deliver));
}
