/** The one connection of a move. */
import { Connection } from "../connection.ts";
import type { PostgresOptions } from "../options.ts";
import { placeOthers } from "../greeting.ts";

const TIMEOUT_MS = 5_000;

/** Opens a connection on which models' tables are found, and made, where other programs of tq look for them. */
export async function openAlone(
  { url, timeout = TIMEOUT_MS }: PostgresOptions,
  name: string,
): Promise<Connection> {
  const limits = { timeout, lockTimeout: 0 }; // all is in one transaction
  const connection = await Connection.open({ url, name, ...limits, application: "tq migrate" });
  await placeOthers(connection);
  return connection;
}
