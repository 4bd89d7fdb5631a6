/** The sentence of a refused value, and a value that is nested deep. */
import { expect } from "bun:test";
import { TqError } from "../../src/errors.ts";

export function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TqError);
    expect((error as TqError).code).toBe("invalid");
    return (error as TqError).message;
  }
  throw new Error("It was not refused");
}

export function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}
