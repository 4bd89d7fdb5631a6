/** The mask in what is given to tq: a task or a form that was shown comes back, and its secrets must not be lost. */
import { TqError } from "../errors.ts";
import { isRawJson, MASK } from "./secrets.ts";

/**
 * @param start of the sentence; "" where the caller has it
 * @throws TqError "invalid" where a text is the mask, or a key has it, as no task can need it.
 */
export function refuseMask(value: unknown, start: string): void {
  if (!hasText(value, (text) => text === MASK)) return;
  throw maskGiven(start);
}

/** @throws TqError "invalid" where a text, or a key, has the mask in it. */
export function refuseMaskWithin(value: unknown, action: string): void {
  if (!hasText(value, (text) => text.includes(MASK))) return;
  throw maskGiven(action);
}

/** @throws TqError "invalid" where a text with the mask would be shown otherwise, as the field that marks it is gone. */
export function refuseUnmasked(given: unknown, shown: unknown, action: string): void {
  if (!masksStay(given, shown)) throw maskGiven(action);
}

/** True where a secret that is not in the one way a value was shown is in the other. */
export function showsMore(before: unknown, after: unknown): boolean {
  return !masksStay(before, after);
}

function masksStay(given: unknown, shown: unknown): boolean {
  if (typeof given === "string") return !given.includes(MASK) || given === shown;
  if (typeof given !== "object" || given === null || isRawJson(given)) return true;
  return Object.entries(given).every(([key, one]) => {
    const its = ownOf(shown, key);
    return masksStay(one, its) && !(key.includes(MASK) && its === undefined);
  });
}

function maskGiven(start: string): TqError {
  const why = `${JSON.stringify(MASK)} stands for a secret that is not shown`;
  return new TqError("invalid", `${start && `${start}: `}${why}; write the value itself`);
}

function hasText(value: unknown, is: (text: string) => boolean): boolean {
  if (typeof value === "string") return is(value);
  if (typeof value !== "object" || value === null || isRawJson(value)) return false;
  if (Array.isArray(value)) return value.some((one) => hasText(one, is));
  return Object.entries(value).some(([key, one]) => key.includes(MASK) || hasText(one, is));
}

/** The given value, with the stored ones where it is as it was shown. */
export function restored(given: unknown, shown: unknown, stored: unknown): unknown {
  if (Bun.deepEquals(given, shown)) return stored;
  const parts = [given, shown, stored];
  if (parts.every((part) => Array.isArray(part))) {
    const [list, before, kept] = parts as unknown[][];
    return list?.map((one, at) => restored(one, before?.[at], kept?.[at]));
  }
  if (!parts.every(isObject)) return given;
  const [object, before, kept] = parts as Readonly<Record<string, unknown>>[];
  const entries = Object.entries(object ?? {}).map(
    ([key, one]) => [key, restored(one, ownOf(before, key), ownOf(kept, key))] as const,
  );
  return Object.fromEntries(entries);
}

function ownOf(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[key];
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isRawJson(value);
}
