/** A value as the sentence of an error shows it: as JSON where it has some, and only its beginning where it is long. */
export function quote(value: unknown): string {
  const text =
    typeof value === "number"
      ? String(value)
      : (toJson(value) ?? Bun.inspect(value, { depth: 0 }).replace(/\s*\n\s*/g, " "));
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** Undefined for what has no JSON: a function, a cycle, a bigint. */
function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
