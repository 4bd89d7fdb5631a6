/**
 * The plain kinds of fields. The text of an issue completes "it must be …" or, where it begins with a space, goes on
 * after the field's name; `check.ts` makes the sentence.
 */
import * as v from "valibot";
import { isTqError } from "../../errors.ts";
import type { JsonForm } from "../../values/option-kinds.ts";

/** Gives a field its form in JSON and its meaning, for the OpenAPI document. */
export function described<Input>(json: JsonForm, description: string) {
  return v.metadata<Input, { readonly json: JsonForm; readonly description: string }>({
    json,
    description,
  });
}

/** A field that is read by a function; the sentence of its refusal begins with the name that it is given. */
export function readField<T>(
  read: (value: unknown, name: string) => T,
  json: JsonForm = {},
  help = "",
) {
  return v.pipe(
    v.unknown(),
    described(json, help),
    v.rawTransform<unknown, T>(({ dataset: { value }, addIssue, NEVER }) => {
      try {
        return read(value, ""); // check.ts puts the name before the refusal, which so begins with a space
      } catch (error) {
        if (!isTqError(error)) throw error;
        addIssue({ message: error.message });
        return NEVER;
      }
    }),
  );
}

/** A whole number. */
export function whole(allowed: string) {
  return v.pipe(v.number(allowed), v.safeInteger(allowed));
}

/** A whole number from 1 up, written in a query or a path. */
export function digits(allowed: string, max = Number.MAX_SAFE_INTEGER) {
  return v.pipe(
    v.string(allowed),
    // Before it is a number: the refusal shows all the digits that were given.
    v.check((text) => /^\d{1,16}$/.test(text) && Number(text) >= 1 && Number(text) <= max, allowed),
    v.transform(Number),
  );
}
