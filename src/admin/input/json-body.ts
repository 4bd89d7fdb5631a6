/** Reads the body of a request as a value that loses nothing when it is written as JSON again. */
import { TqError } from "../../errors.ts";

/**
 * Reads JSON. A number that JavaScript cannot hold (a large integer, 1e400, -0) becomes what `JSON.rawJSON` gives,
 * so that `JSON.stringify` writes it as it came.
 *
 * @throws TqError `invalid`, with the line and the column
 */
export function readJson(bytes: BufferSource): unknown {
  const text = readText(bytes);
  if (isTooDeep(text))
    throw new TqError("invalid", "Cannot read the body: it is nested too deeply");
  try {
    return MAY_LOSE.test(text) ? JSON.parse(text, keepNumber) : JSON.parse(text);
  } catch (cause) {
    throw new TqError("invalid", `Cannot read the body: ${whatIsWrong(text, cause)}`, { cause });
  }
}

function readText(bytes: BufferSource): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TqError("invalid", "Cannot read the body: it is not UTF-8; send JSON as UTF-8", {
      cause,
    });
  }
}

/** Levels of lists and objects; the text of arguments has at most 500. */
const MAX_DEPTH = 1_000;

/** Checked before the text is parsed: the later steps would take seconds with such a value. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/gs)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

const MAY_LOSE = /\d{16}|\de|-0/i;

function keepNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  const isKept = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return isKept && !Object.is(value, -0) ? value : rawJson(context.source);
}

/** https://tc39.es/proposal-json-parse-with-source/ is not in TypeScript's library yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON: (text: string) => object };

function whatIsWrong(text: string, error: unknown): string {
  if (text.trim() === "") return 'it is empty; send JSON like {"model": "sale", "method": …}';
  const place = error instanceof RangeError ? undefined : placeOfError(text);
  if (place === undefined) return "it is nested too deeply";
  const lines = text.slice(0, place).split("\n");
  const column = (lines.at(-1)?.length ?? 0) + 1;
  const reason = String(error).replace(/^SyntaxError: (?:JSON Parse error: )?/, "");
  return `it is not JSON: line ${lines.length}, column ${column}: ${reason}`;
}

const SCALAR = new RegExp(
  [
    String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})[^"\\\x00-\x1f]*)*"`,
    String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])`,
    String.raw`(?:true|false|null)\b`,
  ].join("|"),
  "y",
);

/** Where the text stops being JSON, which JSON.parse does not tell; undefined when it is nested too deeply. */
function placeOfError(text: string): number | undefined {
  let at = 0;
  const take = (token: RegExp): boolean => {
    at = endOf(/[ \t\n\r]*/y, text, at) ?? at;
    const end = endOf(token, text, at);
    at = end ?? at;
    return end !== undefined;
  };
  const list = (item: () => boolean, close: RegExp): boolean => {
    if (take(close)) return true;
    do if (!item()) return false;
    while (take(/,/y));
    return take(close);
  };
  const value = (): boolean => {
    if (take(/\[/y)) return list(value, /\]/y);
    if (take(/\{/y)) return list(() => take(/(?=")/y) && value() && take(/:/y) && value(), /\}/y);
    return take(SCALAR);
  };
  try {
    if (value()) take(/$/y);
  } catch {
    return undefined;
  }
  return at;
}

function endOf(token: RegExp, text: string, at: number): number | undefined {
  token.lastIndex = at;
  return token.test(text) ? token.lastIndex : undefined;
}
