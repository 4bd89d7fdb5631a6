/** The signature of a webhook, in the form of Standard Webhooks. */
import { createHmac } from "node:crypto";

export interface Signed {
  readonly id: string;
  /** s since 1970 UTC. */
  readonly timestamp: number;
  readonly body: string;
}

export function signatureOf(key: Uint8Array, { id, timestamp, body }: Signed): string {
  const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`);
  return `v1,${hmac.digest("base64")}`;
}
