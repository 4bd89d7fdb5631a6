/** What a store says of a file that it does not take. */
import type { TqError } from "../../../src/errors.ts";
import type { SqliteOptions } from "../../../src/sqlite/database.ts";
import { SqliteStore } from "../../../src/sqlite/store.ts";

export function refusal(path: string, options: Partial<SqliteOptions> = {}): Partial<TqError> {
  try {
    void new SqliteStore({ path, timeout: 100, ...options }).close();
  } catch (error) {
    return error as TqError;
  }
  throw new Error(`${path} was taken`);
}
