/** Short marks of the settings that all hosts of one database should share: those of the queue and its tasks. */
import type { Config } from "./draft.ts";

type Shared = Pick<Config, "queue" | "error" | "tasks" | "alert" | "webhooks">;

/** By section of tq.toml. Too short to tell a secret in it. */
export type Fingerprints = Readonly<Record<string, string>>;

/** Recurring tasks are left out: the database has those of each host. */
export function fingerprintsOf({ queue, error, tasks, alert, webhooks }: Shared): Fingerprints {
  const { worker: _, ...shared } = queue; // the database remembers it
  return {
    queue: mark(shared),
    error: mark(error),
    tasks: mark(tasks),
    alert: mark(alert),
    webhook: mark(webhooks),
  };
}

function mark(value: unknown): string {
  return Bun.hash.crc32(JSON.stringify(value)).toString(16);
}
