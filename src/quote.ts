/** A value as the sentence of an error shows it: as JSON where it has one, and cut where it is long. */
export function quote(value: unknown): string {
  const text =
    typeof value === "number"
      ? String(value)
      : (toJson(value) ?? Bun.inspect(value, { depth: 0 }).replace(/\s*\n\s*/g, " "));
  return cut(text);
}

/** A text for a sentence: a long one is cut. */
export function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** The JSON of a value; undefined for a value without one: a function, a cycle, a bigint. */
function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
