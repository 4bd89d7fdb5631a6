/** `startWorker`, without what it needs: a task's thread, which has no use for it, does not load it. */
import type { EmbeddedWorker, WorkerOptions } from "./embed.ts";

/**
 * Starts a worker inside this program: what `tq worker` is, with threads of its own. From then on what this
 * program pushes goes to this worker's database and is run by workers, not by itself; of several the one that
 * was started last counts, and after the last the settings do again.
 *
 * @throws TqError when a setting is wrong, the models cannot be loaded or the database cannot be used.
 * @example const worker = await startWorker({ database: "shop.db", models: "./models.ts", threads: 2 });
 */
export async function startWorker(options: WorkerOptions = {}): Promise<EmbeddedWorker> {
  const { startEmbedded } = await import("./embed.ts");
  return startEmbedded(options);
}
