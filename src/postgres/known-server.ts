/** Refuses servers on which the store does not do what it promises. */
import { TqError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { OLDEST } from "./errors.ts";

const SERVER = `
  SELECT current_setting('server_version_num')::integer AS number, current_setting('server_version') AS version,
         current_setting('server_encoding') AS encoding, current_setting('session_replication_role') AS replication`;

interface Server {
  readonly number: number;
  readonly version: string;
  readonly encoding: string;
  readonly replication: string;
}

/** @throws TqError "database" for a server that is too old, a database that cannot hold every text, a role without triggers. */
export async function checkServer(db: Connection, name: string): Promise<void> {
  const row = await db.get<Server>(SERVER);
  const { number = 0, version = "?", encoding = "?", replication = "" } = row ?? {};
  if (number < OLDEST * 10_000) {
    throw new TqError(
      "database",
      `Cannot use ${name}: its server is PostgreSQL ${version}; tq needs ${OLDEST} or newer`,
    );
  }
  if (replication === "replica") {
    throw new TqError(
      "database",
      `Cannot use ${name}: session_replication_role is replica, so that no triggers run; set it to origin for the role and the database`,
    );
  }
  if (encoding === "UTF8") return;
  throw new TqError(
    "database",
    `Cannot use ${name}: its encoding is ${encoding}, which cannot hold every text; make a database with createdb -E UTF8 -T template0`,
  );
}
