/** The outcome of a run that has finished, with what its method returned as JSON. */
import { isTqError } from "../errors.ts";
import { notKept, RESULT_CHARACTERS } from "../kept-result.ts";
import { cut, type Outcome, toErrorData } from "../outcome.ts";
import { encode } from "../values/encoding.ts";
import { refuseProperties } from "../values/array-properties.ts";

const RESULT = "result";

/** A value that cannot be kept does not fail the run, whose work is done: the reason says why it is not. Never throws. */
export function finished(value: unknown): Outcome {
  if (value === undefined) return { kind: "finished", result: null, reason: null };
  try {
    const result = encode(value, RESULT);
    if (result.length > RESULT_CHARACTERS) return without(tooLong(result.length));
    if (result.includes("[")) refuseProperties(value, RESULT);
    return { kind: "finished", result, reason: null };
  } catch (error) {
    return without(whyNot(error));
  }
}

function without(why: string): Outcome {
  return { kind: "finished", result: null, reason: notKept(why) };
}

function tooLong(length: number): string {
  return `it has ${length} characters of JSON, and ${RESULT_CHARACTERS} at most are kept; store it in a record or a file, and return its id or path`;
}

/** The path of a refusal begins with the name of the result, which the sentence has already. */
function whyNot(error: unknown): string {
  if (!isTqError(error)) {
    const { name, message } = toErrorData(error);
    return cut(`it cannot be read: ${name}: ${message}`, 1_000);
  }
  const why = cut(error.message, 1_000);
  const root = `${RESULT}: `;
  return why.startsWith(root) ? why.slice(root.length) : why;
}
