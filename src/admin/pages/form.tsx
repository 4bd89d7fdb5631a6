/** @jsxImportSource hono/jsx */
/** Reading the forms of the pages, and the form that pauses something. */
import type { Context } from "hono";
import type { Child } from "hono/jsx";
import { isTqError, messageOf } from "../../errors.ts";
import { printable } from "../../printable.ts";
import { pauseWords } from "../../store/pause-words.ts";
import type { Pause } from "../../store/pauses.ts";
import { time } from "../../values/option-kinds.ts";
import { Forbidden, STATUS } from "../problem.ts";
import { Sentence, sentenceOf } from "./parts.tsx";
import { WORDS } from "./words.ts";
import { ZoneNote, zoneOfForm } from "./zone.tsx";

const TIME = time();

/** The fields of a form that have a text; a form sends its empty fields, too. */
export async function fieldsOf(c: Context): Promise<Readonly<Record<string, string>>> {
  const fields = Object.entries(await c.req.parseBody()).flatMap(([name, value]) =>
    typeof value === "string" && value.trim() !== "" ? [[name, value.trim()] as const] : [],
  );
  return Object.fromEntries(fields);
}

/** A time as flags take it, by the clock of the zone: `2h`, `18:30`, `2026-12-01 07:00`. @returns ms since 1970 UTC. */
export function timeOf(text: string, name: string, now: number, zone?: string): number {
  return TIME.read(TIME.readText(text, name, zone), name, { now, batchSize: null });
}

/** A form that was refused: it is shown again with what was typed, below the sentence. */
export interface Refused {
  readonly values: Readonly<Record<string, string>>;
  readonly sentence: string;
}

/**
 * The fields and the sentence with which a refused form is shown again.
 *
 * @throws the error itself, where it is no fault of what was typed.
 */
export async function refusedForm(c: Context, error: unknown): Promise<Refused> {
  const isRefusal = isTqError(error) ? STATUS[error.code] < 500 : error instanceof Forbidden;
  if (!isRefusal) throw error;
  return { values: await fieldsOf(c), sentence: messageOf(error) };
}

export function RefusalSentence({ sentence }: { readonly sentence: string | undefined }) {
  if (sentence === undefined) return null;
  return (
    <p class="sentence bad" role="alert">
      ⚠ {printable(sentence)}
    </p>
  );
}

export interface PauseFields {
  readonly reason: string | null;
  /** In ms since 1970 UTC; null: when it is resumed. */
  readonly until: number | null;
}

/** @param start begins the sentence of a refusal: `Cannot pause print` */
export async function pauseFields(c: Context, start: string, now: number): Promise<PauseFields> {
  const fields = await fieldsOf(c);
  const { reason = null, until } = fields;
  const end = (text: string) => timeOf(text, `${start}: until`, now, zoneOfForm(fields));
  return { reason, until: until === undefined ? null : end(until) };
}

/** `The queue print is paused by ana since …: toner.` */
export function PauseSentence({ pause, now }: { readonly pause: Pause; readonly now: number }) {
  const { since, until } = pause;
  const words = sentenceOf(pauseWords(pause, now));
  return (
    <>
      <span class="warn" aria-hidden="true">
        ‖
      </span>{" "}
      <Sentence words={words} times={[since, until]} now={now} />
    </>
  );
}

interface PauseFormProps {
  readonly path: string;
  readonly formToken: string;
  readonly label: string;
  readonly look?: string;
  readonly zone: string | undefined;
  readonly refused?: Refused | undefined;
  /** The fields before the others. */
  readonly children?: Child;
}

export function PauseForm({
  path,
  formToken,
  label,
  look = "plain",
  zone,
  refused,
  children,
}: PauseFormProps) {
  const words = WORDS.pause;
  const { reason = "", until = "" } = refused?.values ?? {};
  const form = (
    <form method="post" action={path} class="line" id="pause" hx-morph-skip>
      <input type="hidden" name="form_token" value={formToken} />
      {children}
      <label>
        {words.reason}
        <input name="reason" value={reason} placeholder={words.reasonExample} />
      </label>
      <label>
        {words.until} <ZoneNote zone={zone} />
        <input name="until" value={until} placeholder={words.untilExample} />
      </label>
      <button class={look}>{label}</button>
    </form>
  );
  return (
    <>
      <RefusalSentence sentence={refused?.sentence} />
      {form}
    </>
  );
}
