/** The user of a URL that names none: as other clients of PostgreSQL take it. */
import { userInfo } from "node:os";
import { TqError } from "../errors.ts";

/** @throws TqError "invalid" where the system has no name for the user of this process */
export function systemUser(): string {
  const { PGUSER } = process.env;
  if (PGUSER) return PGUSER;
  try {
    return userInfo().username;
  } catch (error) {
    throw new TqError(
      "invalid",
      "Cannot use database.url: it names no user, and the system has no name for that of this process; write postgresql://USER@HOST/DATABASE, or set PGUSER",
      { cause: error },
    );
  }
}
