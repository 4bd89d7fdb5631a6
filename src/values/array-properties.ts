/** Finds what `encode` leaves out of an array: properties beside its elements, as the match of a pattern has them. */
import { type Place, enter, refuse, root } from "./place.ts";
import { isPlain } from "./plain.ts";

/**
 * @param value one that `encode` takes.
 * @throws TqError "invalid" for an array with a property that is no element, unless that is undefined.
 */
export function refuseProperties(value: unknown, path: string): void {
  walk(value, root(path));
}

function walk(value: unknown, parent: Place): void {
  if (typeof value !== "object" || value === null) return;
  const isArray = Array.isArray(value);
  if (!isArray && !isPlain(value)) return;
  if (isArray) refuseOwn(value, parent);
  const place = enter(value, parent, 1);
  for (const [key, below] of Object.entries(value)) {
    place.key = isArray ? Number(key) : key;
    walk(below, place);
  }
}

function refuseOwn(array: readonly unknown[], place: Place): void {
  const properties = array as unknown as Readonly<Record<PropertyKey, unknown>>;
  const symbols = Object.getOwnPropertySymbols(array).filter((symbol) =>
    Object.prototype.propertyIsEnumerable.call(array, symbol),
  );
  const names = [...Object.keys(array).slice(array.length), ...symbols]; // the elements come first
  const found = names.find((name) => properties[name] !== undefined);
  if (found === undefined) return;
  const name = typeof found === "symbol" ? String(found) : JSON.stringify(found);
  const cure = "give the elements alone, or a plain object";
  refuse(place, `an array with the property ${name} is not JSON; ${cure}`);
}
