/** Statements of the proof's own, on the server's socket. */
import type { PostgresServer } from "../../support/postgres-server.ts";

/** Whatever the proof sets for all. */
export const OWN_SETTINGS = {
  default_transaction_read_only: "off",
  default_transaction_isolation: "read committed",
  lock_timeout: "0",
  statement_timeout: "0",
  enable_indexscan: "on",
};

const MOST_TRIES = 10;

export async function sql<R = Record<string, unknown>>(
  server: PostgresServer,
  text: string,
  database = "postgres",
): Promise<R[]> {
  const client = new Bun.SQL(server.url(database), { max: 1, connection: OWN_SETTINGS });
  try {
    for (let tries = 1; ; tries++) {
      try {
        return (await client.unsafe(text)) as R[];
      } catch (error) {
        const isDeadlock = (error as { errno?: string }).errno === "40P01"; // with the load
        if (!isDeadlock || tries === MOST_TRIES) throw error;
      }
    }
  } finally {
    await client.close({ timeout: 0 });
  }
}
