/**
 * Writes lists as the text that PostgreSQL reads them from. The driver itself would call JavaScript to write a list, maybe
 * long after the statement was sent: where the thread is ended in between, the driver leaves that statement out, and still
 * sends those behind it, a COMMIT among them. Other values it writes without.
 */
import type { SqlValue } from "./connection.ts";

type Item = string | number | boolean | null;

/** The values of a statement, none of them a list. */
export function writable(values: readonly SqlValue[]): readonly SqlValue[] {
  return values.some(isList) ? values.map((one) => (isList(one) ? listText(one) : one)) : values;
}

function isList(value: SqlValue): value is readonly Item[] {
  return Array.isArray(value);
}

function listText(list: readonly Item[]): string {
  return `{${list.map(itemText).join(",")}}`;
}

function itemText(item: Item): string {
  if (item === null) return "NULL";
  if (typeof item !== "string") return Object.is(item, -0) ? "-0" : String(item);
  return `"${item.replaceAll(/["\\]/g, "\\$&")}"`;
}
