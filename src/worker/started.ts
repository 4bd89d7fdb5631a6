/** The words of a worker that has started. */
import { type ModelCatalog, WHAT_MODELS_ARE } from "../catalog.ts";
import type { Event } from "../log/events.ts";
import { unknownFollowUps } from "../registry/follow-ups.ts";
import { unknownRules } from "../registry/policies.ts";
import type { Config } from "../settings/config.ts";
import type { WorkerProcessOptions } from "./options.ts";

export function startedEvent(
  worker: string,
  database: string,
  paths: readonly string[],
  { config, mode = () => modeIn(config) }: Pick<WorkerProcessOptions, "config" | "mode">,
): Event<"worker.started"> {
  const { threads, queues } = config.worker;
  const models = paths[0] ?? null;
  return { name: "worker.started", worker, threads, queues, database, models, mode: mode() };
}

export function modeIn({ queue }: Config): "worker" | "no worker" {
  return queue.worker ? "worker" : "no worker";
}

/** A sentence for each section of tq.toml that fits none of its methods. */
export function uselessRules({ tasks }: Config, catalog: ModelCatalog): string[] {
  return [...unknownRules(tasks, catalog), ...unknownFollowUps(tasks, catalog)];
}

/** A sentence where it can run no task, as it has no model. */
export function noModels(paths: readonly string[], catalog: ModelCatalog): string[] {
  if (Object.keys(catalog).length > 0) return [];
  return [`No task can run: there is no model in ${paths.join(", ")}; ${WHAT_MODELS_ARE}`];
}
