/** The sources of recurring tasks in a folder: its models, and tq.toml. */
import { type CronSource, TQ_ORIGIN } from "../cron/ledger.ts";
import type { CronLayer, ModelCrons } from "../cron/merge.ts";
import { OWN_DEFINITIONS } from "../cron/own.ts";
import { sectionWords } from "./cron-sections.ts";

/** tq's own, which tq.toml may say other times of. */
export const OWN_LAYER: CronLayer = {
  origin: TQ_ORIGIN,
  kind: "tq",
  definitions: OWN_DEFINITIONS,
  where: (name) => name,
};

/**
 * The layers of models and of tq.toml, the one that wins last.
 *
 * @param file the path of tq.toml; null: there is none.
 * @param settings its sections.
 */
export function layersOf(
  models: readonly ModelCrons[],
  file: string | null,
  settings: CronSource["definitions"],
): CronLayer[] {
  const layers = models.map(({ path, definitions }): CronLayer => ({
    origin: path,
    kind: "model",
    definitions,
    where: (name) => `${path}: the recurring task ${name}`,
  }));
  if (file === null) return layers;
  const where = (name: string): string => `${file}: ${sectionWords(name)}`;
  return [...layers, { origin: file, kind: "settings", definitions: settings, where }];
}
