/** The sentences with which every store refuses SQL of the user's own. */
import { TqError } from "../errors.ts";
import { inspected } from "../quote.ts";

/** @param count the statements in the text. @throws TqError "invalid" unless it has one */
export function checkOneStatement(text: string, count: number): void {
  if (count === 1) return;
  const what = count === 0 ? "there is no statement in it" : `it has ${count} statements`;
  throw sqlRefused(text, `${what}; give one at a time`);
}

/** @throws TqError "invalid" unless there is a value for each parameter, and no other. */
export function checkValueCount(text: string, takes: number, given: number): void {
  if (takes === given) return;
  throw sqlRefused(text, `it takes ${takes} values, and ${given} were given`);
}

export function valueRefused(text: string, value: unknown, index: number, why: string): TqError {
  return new TqError(
    "invalid",
    `Cannot run ${quoted(text)}: value ${index + 1} cannot be ${inspected(value)}: ${why}`,
  );
}

export const WRONG_TYPE = "give a text, a number, a boolean, null or bytes";
export const HALF_PAIR = "it has half a surrogate pair";
export const BEYOND_64_BITS = "it is beyond 64 bits";

/** @throws for SQL that would end a transaction: the user's code does that by tq's own ways. */
export function endsTransaction(how: string): TqError {
  return new TqError(
    "conflict",
    `Cannot go on: ${how}; use Transaction.current.commit(), or throw to roll back`,
  );
}

function sqlRefused(text: string, why: string): TqError {
  return new TqError("invalid", `Cannot run ${quoted(text)}: ${why}`);
}

const SHOWN_CHARACTERS = 80;

function quoted(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text,
  );
}
