/** @jsxImportSource hono/jsx */
/** A form that pushes has a key: sent twice, as by a double click, it pushes once, and leads to the same task. */
import type { Context } from "hono";
import type { PushKey } from "../../store/push-keys.ts";
import { type AdminEnv, callerName } from "../access/access.ts";

type Fields = Readonly<Partial<Record<string, string>>>;

/** Its field, new with each page. A browser must not fill in the one of an earlier page. */
export function PushKeyField() {
  return <input type="hidden" name="push_key" value={crypto.randomUUID()} autocomplete="off" />;
}

/** The key of a form as it was sent: once it is changed it is another push. Absent: the form has none. */
export function pushKeyOf(c: Context<AdminEnv>, fields: Fields): PushKey | undefined {
  if (fields["push_key"] === undefined) return undefined;
  const body = new Bun.CryptoHasher("sha256").update(JSON.stringify([c.req.path, fields])).digest();
  return { caller: callerName(c), key: `form ${body.toHex()}`, body };
}
