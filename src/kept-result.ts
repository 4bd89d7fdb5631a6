/** What is kept as the result of a task whose result is too long. */

/** A result with more characters of JSON is replaced by a note. */
export const RESULT_CHARACTERS = 10_000;

/** The note, as JSON. */
export function notKept(length: number): string {
  return JSON.stringify(`(a result of ${length} characters is not kept)`);
}

const NOT_KEPT = /^"\(a result of (\d{5,}) characters is not kept\)"$/;

/** The characters of the result that this note stands for; null for any other result. */
export function notKeptLength(json: string): string | null {
  return NOT_KEPT.exec(json)?.[1] ?? null;
}
