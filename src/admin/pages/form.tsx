/** Reading the forms of the pages, and the form that pauses something. */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { time } from "../../values/option-kinds.ts";
import { WORDS } from "./words.ts";

const UNTIL = time();

/** The fields of a form that have a text; a form sends its empty fields, too. */
export async function fieldsOf(c: Context): Promise<Readonly<Record<string, string>>> {
  const fields = Object.entries(await c.req.parseBody()).flatMap(([name, value]) =>
    typeof value === "string" && value.trim() !== "" ? [[name, value.trim()] as const] : [],
  );
  return Object.fromEntries(fields);
}

export interface PauseFields {
  readonly reason: string | null;
  /** In ms since 1970 UTC; null: when it is resumed. */
  readonly until: number | null;
}

/** @param start begins the sentence of a refusal: `Cannot pause print` */
export async function pauseFields(c: Context, start: string, now: number): Promise<PauseFields> {
  const { reason = null, until } = await fieldsOf(c);
  const basis = { now, batchSize: null };
  const end = until === undefined ? null : UNTIL.readJson(until, `${start}: until`, basis);
  return { reason, until: end };
}

interface PauseFormProps {
  readonly path: string;
  readonly formToken: string;
  readonly label: string;
  readonly look?: string;
  /** The fields before the others. */
  readonly children?: Child;
}

export function PauseForm({ path, formToken, label, look = "plain", children }: PauseFormProps) {
  const words = WORDS.pause;
  return (
    <form method="post" action={path} class="line" hx-morph-skip>
      <input type="hidden" name="form_token" value={formToken} />
      {children}
      <label>
        {words.reason}
        <input name="reason" placeholder={words.reasonExample} />
      </label>
      <label>
        {words.until}
        <input name="until" placeholder={words.untilExample} />
      </label>
      <button class={look}>{label}</button>
    </form>
  );
}
