/** What a store says of a file that it does not take. */
import type { TqError } from "../../../src/errors.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";

export function refusal(path: string, timeout = 100): Partial<TqError> {
  try {
    void new SqliteStore({ path, timeout }).close();
  } catch (error) {
    return error as TqError;
  }
  throw new Error(`${path} was taken`);
}
