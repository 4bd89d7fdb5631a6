/** Posts one webhook, signed as Standard Webhooks have it: https://www.standardwebhooks.com */
import { Cancel, SHORTEST_SNOOZE_MS, Snooze } from "../../policies/verdicts.ts";
import { currentTask } from "../../transaction/current-task.ts";
import type { Config } from "../../settings/config.ts";
import { signingKey } from "../../settings/webhook-sections.ts";
import type { Store } from "../../store/store.ts";
import { DAY_MS, MINUTE_MS, SECOND_MS } from "../../values/duration.ts";
import { postOnce } from "../alerts/post.ts";
import { signatureOf } from "./signature.ts";

/** One try may take this long. */
const TRY_MS = 10 * SECOND_MS;

/** A delivery waits this long for a worker that has its webhook. */
const LONGEST_MS = DAY_MS;

/** A receiver that answers so wants nothing of this any more. */
const GONE = 410;

class WebhookError extends Error {
  override readonly name: string = "WebhookError";
}

class WebhookGone extends WebhookError {
  override readonly name = "WebhookGone";
}

export interface Deliverer {
  readonly config: Config;
  readonly store: Store;
}

interface Delivery {
  readonly target: string;
  readonly id: string;
  readonly body: string;
}

/** @returns what it did, for people. @throws where it was not delivered. */
export async function deliverWebhook(
  { config, store }: Deliverer,
  { target, id, body }: Delivery,
): Promise<string> {
  const webhook = config.webhooks.find((one) => one.target === target);
  if (webhook === undefined) {
    throw await withoutSettings(target, store);
  }
  const timestamp = Math.floor(store.now() / SECOND_MS);
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signatureOf(signingKey(webhook), { id, timestamp, body }),
  };
  const { signal } = currentTask() ?? {};
  const request = { url: webhook.url, limit: TRY_MS, headers, body };
  const { why, status } = await postOnce(request, signal);
  if (why === null) return `delivered with the status ${status}`;
  if (status === GONE) throw new WebhookGone(`${why}; it is not tried again`);
  throw new WebhookError(why);
}

/** How a delivery ends that this worker cannot make. */
async function withoutSettings(target: string, store: Store): Promise<Error> {
  if (!(await store.webhooks.isWanted(target))) {
    return new Cancel(`no tq.toml of a worker has the webhook ${target} any more`);
  }
  const { id } = currentTask() ?? {};
  const since = (id === undefined ? null : await store.get(id))?.enqueued_at ?? store.now();
  const age = store.now() - since;
  if (age > LONGEST_MS) {
    return new Cancel(`no worker with the webhook ${target} came for a day`);
  }
  const wait = Math.min(Math.max(age / 4, SHORTEST_SNOOZE_MS), MINUTE_MS);
  return new Snooze(
    { milliseconds: Math.ceil(wait) },
    `the settings of this worker have no webhook ${target}; others had`,
  );
}
