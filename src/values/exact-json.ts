/** JSON that is only passed on: numbers that JavaScript cannot hold stay as they are written. */

/**
 * Reads JSON. A number that JavaScript cannot hold (a large integer, 1e400, -0) becomes what `JSON.rawJSON` gives,
 * so that `JSON.stringify` writes it as it came.
 *
 * @param check called with the text of each such number
 */
export function parseExactly(text: string, check: (digits: string) => void = () => {}): unknown {
  if (!MAY_LOSE.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== "number" || context?.source === undefined) return value;
    const isKept = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
    if (isKept && !Object.is(value, -0)) return value;
    check(context.source);
    return rawJson(context.source);
  });
}

const MAY_LOSE = /\d{16}|\de|-0/i;

/** https://tc39.es/proposal-json-parse-with-source/ is not in TypeScript's library yet. */
const { rawJSON: rawJson } = JSON as unknown as { rawJSON: (text: string) => object };
