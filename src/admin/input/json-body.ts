/** Reads the body of a request as a value that loses nothing when it is written as JSON again. */
import type { Context } from "hono";
import type * as v from "valibot";
import { TqError } from "../../errors.ts";
import { cut, quote } from "../../quote.ts";
import { parseExactly } from "../../values/exact-json.ts";
import { type Fields, Problems } from "./check.ts";
import { BACKSLASH, findJsonFault, QUOTE } from "./json-fault.ts";

/**
 * Reads JSON. A number that JavaScript cannot hold (a large integer, 1e400, -0) becomes what `JSON.rawJSON` gives,
 * so that `JSON.stringify` writes it as it came.
 *
 * @throws TqError `invalid`, with the line and the column
 */
export function readJson(bytes: BufferSource): unknown {
  return readJsonText(readText(bytes), "Cannot read the body");
}

/** As `readJson`. @param start begins the sentence of a refusal */
export function readJsonText(text: string, start: string): unknown {
  if (isTooDeep(text)) throw new TqError("invalid", `${start}: it is nested too deeply`);
  try {
    return parseExactly(text, (digits) => checkDigits(digits, start));
  } catch (cause) {
    if (cause instanceof TqError) throw cause;
    throw new TqError("invalid", `${start}: ${whatIsWrong(text, cause)}`, { cause });
  }
}

/**
 * Reads the body of a request as an object with these fields; no body is an object without any.
 *
 * @param action the start of a refusal's sentence: `Cannot cancel`
 * @throws TqError `invalid`
 */
export async function readObject<S extends Fields>(
  c: Context,
  schema: S,
  action: string,
): Promise<v.InferOutput<S>> {
  const bytes = await c.req.arrayBuffer();
  const problems = new Problems(action);
  const read = problems.read(schema, bytes.byteLength === 0 ? {} : readJson(bytes));
  problems.throwIfAny();
  return read as v.InferOutput<S>;
}

/**
 * Reads the body of a request as an object whose fields something else checks, of values that JavaScript holds exactly;
 * fields that are null count as not given.
 *
 * @param action as above
 * @throws TqError `invalid`
 */
export async function readPlainObject(
  c: Context,
  action: string,
): Promise<Readonly<Record<string, unknown>>> {
  const bytes = await c.req.arrayBuffer();
  const body = bytes.byteLength === 0 ? {} : readJson(bytes);
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new TqError(
      "invalid",
      `${action}: the body cannot be ${quote(body)}: it must be a JSON object`,
    );
  }
  const fields = Object.entries(body).filter(([, value]) => value !== null);
  for (const [name, value] of fields) {
    const raw = rawNumber(value);
    if (raw === null) continue;
    const why = `the number ${quote(raw)} cannot be kept exactly; write it as text`;
    throw new TqError("invalid", `${action}: ${cut(name)}: ${why}`);
  }
  return Object.fromEntries(fields);
}

/** The first number in a value that JavaScript cannot hold; null: there is none. */
function rawNumber(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return null;
  if (JSON_WITH_RAW.isRawJSON(value)) return value;
  for (const inner of Object.values(value)) {
    const found = rawNumber(inner);
    if (found !== null) return found;
  }
  return null;
}

/** https://tc39.es/proposal-json-parse-with-source/ is not in TypeScript's library yet. */
const JSON_WITH_RAW = JSON as unknown as { readonly isRawJSON: (value: unknown) => boolean };

const UTF_8 = new TextDecoder("utf-8", { fatal: true });

function readText(bytes: BufferSource): string {
  try {
    return UTF_8.decode(bytes);
  } catch (cause) {
    throw new TqError("invalid", "Cannot read the body: it is not UTF-8; send JSON as UTF-8", {
      cause,
    });
  }
}

/** Levels of lists and objects; the text of arguments has at most 500. */
const MAX_DEPTH = 1_000;

/**
 * Checked before the text is parsed: the later steps would take seconds with such a value. Where a quote has no end, the
 * rest counts as quoted: JSON.parse refuses it.
 */
function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false;
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) isQuoted = !isQuoted;
    else if (isQuoted && code === BACKSLASH) at += 1;
    else if (!isQuoted && isOpening(code)) depth += 1;
    else if (!isQuoted && isOpening(code - 2)) depth -= 1; // ] and } come two after [ and {
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

function isOpening(code: number): boolean {
  return code === 0x5b || code === 0x7b;
}

/** The longest number: Python reads no more digits either, and the time to read them grows with their square. */
const MAX_DIGITS = 4_300;

function checkDigits({ length }: string, start: string): void {
  if (length <= MAX_DIGITS) return;
  throw new TqError(
    "invalid",
    `${start}: a number of ${length} characters is too long; it may have ${MAX_DIGITS}`,
  );
}

function whatIsWrong(text: string, error: unknown): string {
  if (text.trim() === "") return 'it is empty; send JSON like {"model": "sale", "method": …}';
  if (error instanceof RangeError) return "it is nested too deeply";
  const fault = findJsonFault(text);
  if (fault === null) return `it is not JSON: ${String(error)}`;
  const before = text.slice(0, fault.at).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `it is not JSON: line ${before.length}, column ${column}: ${fault.reason}`;
}
