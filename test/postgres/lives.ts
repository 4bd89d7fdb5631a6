/** The connections that prove lives, as tests see and end them. */
import { LOCK_CLASS } from "../../src/postgres/locks.ts";
import type { TestPostgres } from "../support/postgres.ts";

export const WORKER = { id: "worker-1", threads: 1, queues: [] };

const HOLDERS = `FROM pg_locks WHERE locktype = 'advisory' AND classid = ${LOCK_CLASS} AND granted`;

/** Ends the connections that hold locks, as an administrator or a firewall does; resolves when they are gone. */
export async function cutLives({ database }: Pick<TestPostgres, "database">): Promise<void> {
  await database.run(`SELECT pg_terminate_backend(pid, 5000) ${HOLDERS}`);
}
