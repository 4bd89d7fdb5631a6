/** The first question of each new connection, in one round trip. */
import type { Connection } from "./connection.ts";

/** A role of the name tq finds the schema tq first: all that is not tq's own belongs into the next one. */
const GREETING = `
  SELECT extract(epoch FROM clock_timestamp())::float8 * 1000 AS now, pg_backend_pid() AS pid,
         CASE WHEN current_user = 'tq' OR 'tq' = ANY (current_schemas(false))
              THEN set_config('search_path', (SELECT string_agg(quote_ident(name), ', ')
                                                FROM unnest(current_schemas(false)) AS name WHERE name <> 'tq'), false) END`;

/** Keeps the tables of models out of tq's own schema, and learns the connection's number. @returns the server's time, in ms since 1970 UTC */
export async function placeOthers(connection: Connection): Promise<number | null> {
  const row = await connection.get<{ now: number; pid: number }>(GREETING);
  if (row) connection.pid = row.pid;
  return row && row.now;
}
