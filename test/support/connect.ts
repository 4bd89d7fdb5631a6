/** Connections to a database beside tq, as another program has them. */
import { Database } from "bun:sqlite";

/**
 * Opens a database that is there. It waits for locks: where a worker or a server lives, its statements would else fail
 * now and then with "database is locked".
 * @param timeout In milliseconds.
 */
export function connect(path: string, timeout = 10_000): Database {
  const db = new Database(path, { readwrite: true, create: false });
  db.run(`PRAGMA busy_timeout = ${timeout}`);
  return db;
}
