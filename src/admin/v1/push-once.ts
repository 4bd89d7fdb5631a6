/** `Idempotency-Key`: a push that a client sends again, as no answer had come, is answered as the first one was. */
import type { Context, MiddlewareHandler } from "hono";
import * as v from "valibot";
import { TqError } from "../../errors.ts";
import { quote } from "../../quote.ts";
import type { PushKey } from "../../store/push-keys.ts";
import type { Store } from "../../store/store.ts";
import type { AdminEnv } from "../access/access.ts";
import { describesInput } from "./operation.ts";

const NAME = "Idempotency-Key";
const HELP =
  "A text of the client's choosing, new for each push, at most 255 characters. A push that comes again with its key is not made again: it gets the same ids, and the header Idempotent-Replayed. Keys are kept for at least 24 hours, for each token its own";

const HEADER = v.object({ [NAME]: v.optional(v.pipe(v.string(), v.description(HELP))) });

/** The header of an answer that repeats an earlier one. */
export const REPLAYED = "Idempotent-Replayed";

export interface PushOnceEnv extends AdminEnv {
  readonly Variables: AdminEnv["Variables"] & { pushKey?: PushKey };
}

/**
 * Answers a push whose key an earlier one had. That one is as it was: the body is not read again, whose times may have
 * passed by now.
 */
export function replaysPush(
  store: Store,
  answer: (c: Context, ids: number[], isReplay: boolean) => Response,
): MiddlewareHandler<PushOnceEnv> {
  return describesInput("header", HEADER, async (c, next) => {
    const key = await givenKey(c);
    if (key === null) return next();
    const ids = await store.pushKeys.find(key);
    if (ids !== null) return answer(c, ids, true);
    c.set("pushKey", key);
    return next();
  });
}

/** null: the request has none. @throws TqError "invalid" */
export async function givenKey(c: Context<AdminEnv>): Promise<PushKey | null> {
  const key = c.req.header(NAME);
  if (key === undefined) return null;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    const allowed = "1 to 255 characters of ASCII, such as those of a UUID";
    throw new TqError("invalid", `${NAME} cannot be ${quote(key)}: it must be ${allowed}`);
  }
  const hasher = new Bun.CryptoHasher("sha256").update(await c.req.arrayBuffer());
  return { caller: c.get("caller").name, key, body: hasher.digest() };
}
