/** `startWorker`. It loads the code of a worker when it is called: threads import "tq" too and need none of that. */
import type { EmbeddedWorker, WorkerOptions } from "./embed.ts";

/**
 * Starts a worker inside this program, with threads of its own, as `tq worker` starts one. While it runs, the tasks
 * that this program pushes go to its database, and workers run them, not the program. Of several workers the one
 * started last counts; once all have stopped, the settings count again.
 *
 * @throws TqError when a setting is wrong, the models cannot be loaded or the database cannot be used.
 * @example const worker = await startWorker({ database: "shop.db", models: "./models.ts", threads: 2 });
 */
export async function startWorker(options: WorkerOptions = {}): Promise<EmbeddedWorker> {
  const { startEmbedded } = await import("./embed.ts");
  return startEmbedded(options);
}
