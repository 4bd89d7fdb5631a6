/** Texts as PostgreSQL takes them. */

/** PostgreSQL stores no NUL: the words of an error, or of a person, must not keep a run from being settled. */
export function storable<T extends string | null>(text: T): T {
  return (text?.includes("\0") ? text.replaceAll("\0", "\ufffd") : text) as T;
}

/** A list of numbers for a parameter such as `$1::text::bigint[]`: the driver itself takes longer to write one. */
export function numbersAsText(list: readonly (number | string | null)[]): string {
  return `{${list.includes(null) ? list.map((one) => one ?? "NULL").join(",") : list.join(",")}}`;
}
