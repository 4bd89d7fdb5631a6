/** The thread that makes a backup for a worker. */
import { type ErrorCode, isTqError, messageOf } from "../errors.ts";
import { backUpDatabase } from "../open-store.ts";
import type { BackedUp, BackUp } from "./messages.ts";

export async function backUp({ config }: BackUp): Promise<BackedUp> {
  try {
    return { type: "backed_up", backup: await backUpDatabase(config) };
  } catch (error) {
    const code: ErrorCode = isTqError(error) ? error.code : "database";
    return { type: "backed_up", code, message: messageOf(error) };
  }
}
