/** Refuses servers on which the store does not do what it promises. */
import { TqError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { OLDEST } from "./errors.ts";

const SERVER = `
  SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version,
         current_setting('server_encoding') AS encoding`;

/** @throws TqError "database" for a server that is too old, or a database that cannot hold every text. */
export async function checkServer(db: Connection, name: string): Promise<void> {
  const row = await db.get<{ number: number; version: string; encoding: string }>(SERVER);
  const { number, version, encoding } = row ?? { number: 0, version: "?", encoding: "?" };
  if (number < OLDEST * 10_000) {
    throw new TqError(
      "database",
      `Cannot use ${name}: its server is PostgreSQL ${version}; tq needs ${OLDEST} or newer`,
    );
  }
  if (encoding === "UTF8") return;
  throw new TqError(
    "database",
    `Cannot use ${name}: its encoding is ${encoding}, which cannot hold every text; make a database with createdb -E UTF8 -T template0`,
  );
}
