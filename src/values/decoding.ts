/** JSON text to values: the inverse of `encoding.ts`, which has the table of both. */
import { TqError } from "../errors.ts";
import { kindWords } from "../quote.ts";
import { MAX_DEPTH, type Place, enter, pathOf, root } from "./place.ts";
import { TAG_READERS, type Tag } from "./tags.ts";
import { wholeOf } from "./whole.ts";

/**
 * The value of a JSON text. Objects with a `__class__` that tq does not know stay plain objects, and a whole
 * number beyond 2^53 becomes a `bigint`, unless it is written as JavaScript writes a `number`.
 *
 * @param where names the text in errors
 * @throws TqError `invalid` when it is not JSON, or a tag in it is broken
 */
export function decode(text: string, where = "value"): unknown {
  const value = parse(text, where);
  // A key may also be spelled with escapes: "\u005f_class__".
  if (!text.includes("__class__") && !text.includes("\\u00")) return value;
  return read(value, root(where));
}

function parse(text: string, where: string): unknown {
  try {
    return MAYBE_BIG.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
  } catch (cause) {
    const isDeep = cause instanceof RangeError;
    const why = isDeep ? `nested deeper than ${MAX_DEPTH} levels` : "not JSON";
    throw new TqError("invalid", `${where}: ${kindWords(text)} is ${why}`, isDeep ? { cause } : {});
  }
}

const MAYBE_BIG = /(?:^|[[,:\s-])\d{16}/;

/** A reviver for JSON.parse. */
function exactly(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined || !/^-?\d+$/.test(source)) return value;
  return Object.is(value, -0) ? value : wholeOf(source);
}

/** Replaces the tagged objects in a fresh result of JSON.parse, in place. */
function read(value: unknown, parent: Place): unknown {
  if (typeof value !== "object" || value === null) return value;
  const place = enter(value, parent, 1);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      place.key = index;
      value[index] = read(value[index], place);
    }
    return value;
  }
  const object = value as Record<string, unknown>;
  const name = object["__class__"];
  const reader = TAG_READERS.get(name);
  if (reader) return readTag(object, reader, parent);
  const escaped = name === "object" ? entriesOf(object) : undefined;
  const target = escaped ?? object;
  for (const key of Object.keys(target)) {
    place.key = key;
    target[key] = read(target[key], place); // "__proto__" too: it is an own property here
  }
  return target;
}

/** The entries that writeEscaped wrote; undefined for any other object whose `__class__` is "object". */
function entriesOf(object: Record<string, unknown>): Record<string, unknown> | undefined {
  const entries: unknown = object["entries"];
  if (!Array.isArray(entries)) return undefined;
  const isEntry = (entry: unknown) =>
    Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string";
  return entries.every(isEntry) ? Object.fromEntries(entries) : undefined;
}

function readTag(tag: Tag, reader: (tag: Tag) => unknown, place: Place): unknown {
  try {
    return reader(tag);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const json = JSON.stringify(tag, (_, member: unknown) =>
      typeof member === "bigint" ? String(member) : member,
    );
    const start = json.length > 120 ? `${json.slice(0, 120)}…` : json;
    const message = `${pathOf(place)}: Cannot read ${start}: ${reason}`;
    throw new TqError("invalid", message, { cause });
  }
}
