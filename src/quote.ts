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
