import { inspect } from "./inspect.ts";

/** A value as the sentence of an error shows it: as JSON where it has one, and cut where it is long. */
export function quote(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (toJson(value) ?? inspected(value));
  return cut(text);
}

/** A value as the sentence of an error shows it: with the name of its class and its own fields, on one line. */
export function inspected(value: unknown, characters = MOST_CHARACTERS): string {
  return cut(inspect(value, { depth: 0 }).replace(/\s*\n\s*/g, " "), characters);
}

/** https://tc39.es/proposal-json-parse-with-source/ is not in TypeScript's library yet. */
const { isRawJSON } = JSON as unknown as { isRawJSON: (value: unknown) => boolean };

/** The kind of a value that may be secret, for the sentence of an error: arguments, a context, instances. */
export function kindWords(value: unknown): string {
  if (typeof value === "string") {
    return value.length === 1 ? "text of 1 character" : `text of ${value.length} characters`;
  }
  if (typeof value === "number" || typeof value === "bigint" || isRawJSON(value)) return "a number";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" || typeof value === "symbol"
    ? `a ${typeof value}`
    : String(value);
}

const MOST_CHARACTERS = 100;

/** A text for a sentence: a long one is cut. */
export function cut(text: string, characters = MOST_CHARACTERS): string {
  return text.length > characters ? `${text.slice(0, characters - 1)}…` : text;
}

/** The JSON of a value; undefined for a value without one: a function, a cycle, a bigint. */
function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
