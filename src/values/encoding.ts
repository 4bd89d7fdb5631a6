/**
 * Arguments, contexts and results as JSON text, as trytond writes it: compact, keys sorted, tags for what JSON lacks.
 *
 * | value | comes back as |
 * |---|---|
 * | what JSON has: text, finite numbers (also -0), booleans, null, arrays, plain objects | the same |
 * | `Temporal.PlainDateTime`, `PlainDate`, `PlainTime`, `Uint8Array`, `Decimal` | the same |
 * | `bigint` | the same; trytond sees an object where a `number` could hold it, else its int |
 * | `Temporal.ZonedDateTime` | the same; trytond sees its datetime without the zone |
 * | `Temporal.Instant` | the same; trytond sees an object |
 * | `Temporal.Duration` | a Duration of the same length, in hours and smaller units |
 * | `Date` | a `Temporal.Instant` |
 * | a property that is undefined | left out, as `JSON.stringify` does |
 *
 * Everything else is refused with its path. As with `JSON.stringify`, only enumerable properties count, and of an
 * array only its elements: `refuseProperties` finds the others, which takes long in a long array.
 */
import { type Place, enter, refuse, root } from "./place.ts";
import { type Tag, bigintTag, isTag, toTag } from "./tags.ts";
import { isPlain } from "./plain.ts";
import { wholeOf } from "./whole.ts";

export { decode } from "./decoding.ts";
export type { Encodable, Jsonable } from "./jsonable.ts";

/**
 * The JSON text of a value.
 *
 * @param path names the value in errors: `args` gives `args[0].lines[3].price: NaN is not JSON`
 * @throws TqError `invalid` for a value that would not come back as it went in
 * @example encode([42, Temporal.PlainDate.from("2024-02-29")], "args")
 */
export function encode(value: unknown, path: string): string {
  return write(value, root(path));
}

function write(value: unknown, place: Place): string {
  switch (typeof value) {
    case "string":
      return writeText(value, place);
    case "number":
      if (!Number.isFinite(value)) refuse(place, `${value} is not JSON`);
      return Object.is(value, -0) ? "-0" : String(value);
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      // Bare as trytond writes it, unless it would come back as a number.
      return typeof wholeOf(String(value)) === "bigint"
        ? String(value)
        : writeTag(bigintTag(value), place);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return writeArray(value, place);
      if (isPlain(value)) return writeObject(value, place);
      return writeInstance(value, place);
    case "undefined":
      return refuse(place, "undefined is not JSON; give null");
    default:
      return refuse(place, `a ${typeof value} is not JSON`);
  }
}

function writeText(text: string, place: Place): string {
  if (text.length < 100 && !NEEDS_CARE.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) refuse(place, "a text with half a surrogate pair is not JSON");
  return JSON.stringify(text);
}

/** A quote, a backslash, or anything but printable ASCII. */
const NEEDS_CARE = /[^ !#-[\]-~]/;

function writeArray(array: readonly unknown[], parent: Place): string {
  const place = enter(array, parent, 1);
  let json = "[";
  for (let index = 0; index < array.length; index++) {
    place.key = index;
    if (index > 0) json += ",";
    json += write(array[index], place);
  }
  return `${json}]`;
}

function writeObject(object: Record<string, unknown>, parent: Place): string {
  if (Object.hasOwn(object, "__class__") && isTag(object)) return writeEscaped(object, parent);
  const place = enter(object, parent, 1);
  let json = "{";
  for (const key of sortedKeys(object, parent)) {
    const value = object[key];
    if (value === undefined) continue;
    place.key = key;
    if (json.length > 1) json += ",";
    json += `${writeText(key, place)}:${write(value, place)}`;
  }
  return `${json}}`;
}

/** Writes an object whose own `__class__` is that of a tag, so that no reader takes it for one. */
function writeEscaped(object: Record<string, unknown>, parent: Place): string {
  const place = enter(object, parent, 3); // the tag, its list, each entry
  const entries: string[] = [];
  for (const key of sortedKeys(object, parent)) {
    const value = object[key];
    if (value === undefined) continue;
    place.key = key;
    entries.push(`[${writeText(key, place)},${write(value, place)}]`);
  }
  return `{"__class__":"object","entries":[${entries.join(",")}]}`;
}

function writeInstance(value: object, place: Place): string {
  const tag = toTag(value, (reason) => refuse(place, reason));
  if (tag) return writeTag(tag, place);
  if (value instanceof Promise) return refuse(place, "a Promise is not JSON; await it first");
  const model = (value.constructor as { readonly __name__?: unknown } | undefined)?.__name__;
  if (typeof model === "string") {
    return refuse(place, `a record of ${model} is not JSON; give its id`);
  }
  return refuse(place, `${nameOf(value)} is not JSON; give a plain object, an array or an id`);
}

function writeTag(tag: Tag, place: Place): string {
  enter(tag, place, 1); // checks the depth
  return JSON.stringify(tag);
}

/** Sorted by UTF-16 units, as JavaScript sorts. */
function sortedKeys(object: object, place: Place): string[] {
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (Object.prototype.propertyIsEnumerable.call(object, symbol)) {
      refuse(place, `the key ${String(symbol)} is not JSON`);
    }
  }
  const keys = Object.keys(object);
  return keys.length > 1 ? keys.sort() : keys;
}

function nameOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  const name = tag === "Object" ? value.constructor?.name || "class instance" : tag;
  return `${/^[AEIO]/i.test(name) ? "an" : "a"} ${name}`; // a URL, a Uint16Array
}
