/** The connection that is a worker's proof of life, and its settings. */
import { Connection, type ConnectionOptions } from "./connection.ts";
import { UNANSWERED_MS } from "./life-times.ts";

/** Not for the connections of tasks: a thread that computes may leave a long answer unread for as long. */
const GIVE_UP_SOON = `SET tcp_user_timeout = ${UNANSWERED_MS}`;

/** A worker's row is about this server's connections: its commits wait for no standby, which would keep its answers back. */
const WAIT_FOR_NO_STANDBY = `
  SELECT set_config('synchronous_commit', 'local', false) WHERE current_setting('synchronous_commit') <> 'off'`;

/**
 * A statement of the life gives up sooner than others: behind a table that somebody has locked, as ALTER TABLE does, it would
 * keep the server's signs of life back, and the worker would end its tasks.
 */
export const LOCK_TIMEOUT = "SET lock_timeout = '100ms'";

export async function openLife(options: ConnectionOptions): Promise<Connection> {
  const db = await Connection.open(options);
  const givingUp = db.command(GIVE_UP_SOON).catch(() => {}); // a server on another system may not know it
  try {
    await Promise.all([givingUp, db.command(WAIT_FOR_NO_STANDBY)]);
    return db;
  } catch (error) {
    await db.close();
    throw error;
  }
}
