/** Returns the sentence of a refusal. */
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
