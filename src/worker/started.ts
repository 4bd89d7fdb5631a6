/** The words of a worker that has started. */
import type { ModelCatalog } from "../catalog.ts";
import type { Event, Report } from "../log/events.ts";
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

interface ProblemsOptions {
  readonly config: Config;
  readonly crons: { problems(): string[] };
  /** The parts that choose tasks by the names in their settings. */
  readonly choosers: readonly { problems(catalog: ModelCatalog): Promise<string[]> }[];
  readonly report: Report;
}

/** The things in the settings that fit none of the models. */
export class Problems {
  readonly #options: ProblemsOptions;
  readonly #said = new Set<string>();

  constructor(options: ProblemsOptions) {
    this.#options = options;
  }

  /** Says each once, also where models are loaded anew. */
  async say(catalog: ModelCatalog): Promise<void> {
    for (const message of await this.#find(catalog)) {
      if (!this.#said.has(message)) {
        this.#options.report({ name: "log.note", level: "warn", message });
      }
      this.#said.add(message);
    }
  }

  async #find(catalog: ModelCatalog): Promise<string[]> {
    const { config, crons, choosers } = this.#options;
    const problems = [...uselessRules(config, catalog), ...crons.problems()];
    for (const chooser of choosers) problems.push(...(await chooser.problems(catalog)));
    return problems;
  }
}

/** A sentence for each section of tq.toml that fits none of its methods. */
function uselessRules({ tasks }: Config, catalog: ModelCatalog): string[] {
  return [...unknownRules(tasks, catalog), ...unknownFollowUps(tasks, catalog)];
}
