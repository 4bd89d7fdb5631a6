/** @jsxImportSource hono/jsx */
/** Reading the forms of the pages, and the form that pauses something. */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { pauseWords } from "../../store/pause-words.ts";
import type { Pause } from "../../store/pauses.ts";
import { time } from "../../values/option-kinds.ts";
import { Sentence, sentenceOf } from "./parts.tsx";
import { WORDS } from "./words.ts";

const TIME = time();

/** The fields of a form that have a text; a form sends its empty fields, too. */
export async function fieldsOf(c: Context): Promise<Readonly<Record<string, string>>> {
  const fields = Object.entries(await c.req.parseBody()).flatMap(([name, value]) =>
    typeof value === "string" && value.trim() !== "" ? [[name, value.trim()] as const] : [],
  );
  return Object.fromEntries(fields);
}

/** A time as flags take it: `2h`, `18:30`, `2026-12-01 07:00`. @returns ms since 1970 UTC. */
export function timeOf(text: string, name: string, now: number): number {
  return TIME.read(TIME.readText(text, name), name, { now, batchSize: null });
}

export interface PauseFields {
  readonly reason: string | null;
  /** In ms since 1970 UTC; null: when it is resumed. */
  readonly until: number | null;
}

/** @param start begins the sentence of a refusal: `Cannot pause print` */
export async function pauseFields(c: Context, start: string, now: number): Promise<PauseFields> {
  const { reason = null, until } = await fieldsOf(c);
  return { reason, until: until === undefined ? null : timeOf(until, `${start}: until`, now) };
}

/** `The queue print is paused by ana since …: toner.` */
export function PauseSentence({ pause, now }: { readonly pause: Pause; readonly now: number }) {
  const { since, until } = pause;
  const words = sentenceOf(pauseWords(pause, now));
  return <Sentence words={words} times={[since, until]} now={now} />;
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
    <form method="post" action={path} class="line" id="pause" hx-morph-skip>
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
