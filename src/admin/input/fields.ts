/** The plain kinds of fields. The text of an issue completes "it must be …"; `check.ts` makes the sentence. */
import * as v from "valibot";

/** Neither is kept by every program that reads SQLite: the character NUL, and half a surrogate pair. */
const isClean = (text: string) => !text.includes("\0") && text.isWellFormed();

export function text(what: string) {
  const allowed = `${what}, as text of 1 to 1000 characters`;
  return v.pipe(
    v.string(allowed),
    v.minLength(1, allowed),
    v.maxLength(1000, allowed),
    v.check(isClean, `${allowed}, without NUL and without half a surrogate pair`),
  );
}

/** A whole number. */
export function whole(
  allowed: string,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
) {
  return v.pipe(
    v.number(allowed),
    v.integer(allowed),
    v.minValue(min, allowed),
    v.maxValue(max, allowed),
  );
}

/** A whole number from 1 up, written in a query or a path. */
export function digits(allowed: string, max = Number.MAX_SAFE_INTEGER) {
  return v.pipe(
    v.string(allowed),
    v.regex(/^\d{1,16}$/, allowed),
    v.transform(Number),
    v.minValue(1, allowed),
    v.maxValue(max, allowed),
  );
}
