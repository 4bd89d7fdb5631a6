/** Statements of the proof's own, on the server's socket. */
import type { PostgresServer } from "../../support/postgres-server.ts";

export async function sql<R = Record<string, unknown>>(
  server: PostgresServer,
  text: string,
  database = "postgres",
): Promise<R[]> {
  const client = new Bun.SQL(server.url(database), { max: 1 });
  try {
    return (await client.unsafe(text)) as R[];
  } finally {
    await client.close({ timeout: 0 });
  }
}
