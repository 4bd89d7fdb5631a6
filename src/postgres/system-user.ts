/** The user of a URL that names none: as other clients of PostgreSQL take it. */
import { TqError } from "../errors.ts";
import { systemName } from "../user-name.ts";

/** @throws TqError "invalid" where the system has no name for the user of this process */
export function systemUser(): string {
  const name = process.env["PGUSER"] || systemName();
  if (name !== null) return name;
  throw new TqError(
    "invalid",
    "Cannot use database.url: it names no user, and the system has no name for that of this process; write postgresql://USER@HOST/DATABASE, or set PGUSER",
  );
}
