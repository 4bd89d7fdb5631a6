/** A task that is run again with changes: its form shows no secrets, so that they come from the task itself. */
import { refuseMaskWithin, refuseUnmasked, restored } from "../../../redaction/mask-given.ts";
import type { Store } from "../../../store/store.ts";
import { calledMethod } from "../../../task.ts";

type Body = Readonly<Record<string, unknown>>;

/**
 * The push with the secrets of the task in the places where the form has left them. Another method gets none: it may
 * return what it is given.
 *
 * @param again the id of the task; null: the push is a new one
 * @throws TqError "invalid" where a secret that is not shown is left elsewhere, or is quoted and would be shown
 */
export async function withSecrets(
  body: Body,
  again: number | null,
  { shown, stored }: { readonly shown: Store; readonly stored: Store },
): Promise<Body> {
  const [before, kept] =
    again === null ? [null, null] : [await shown.get(again), await stored.get(again)];
  const isSame =
    kept !== null && body["model"] === kept.model && isSameMethod(body, calledMethod(kept));
  const whole =
    isSame && before !== null
      ? {
          ...body,
          args: restored(body["args"], before.args, kept.args),
          context: restored(body["context"], before.context, kept.context),
        }
      : body;
  if (kept === null) return whole;
  const call = { args: whole["args"], context: whole["context"] };
  refuseMaskWithin([call.args, call.context], "Cannot push");
  if (isSame) {
    const redaction = await shown.redactions.inForce();
    const again = redaction.conceal({ model: kept.model, method: kept.method, ...call });
    const { args, context } = body;
    refuseUnmasked([args, context], [again.args, again.context], "Cannot push");
  }
  return whole;
}

function isSameMethod({ method }: Body, of: string | null): boolean {
  return (method === undefined || method === "" ? null : method) === of;
}
