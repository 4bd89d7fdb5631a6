/** The sources of recurring tasks in a folder: its models, and tq.toml. */
import { hostname } from "node:os";
import { type CronSource, ENVIRONMENT_ORIGIN, TQ_ORIGIN } from "../cron/ledger.ts";
import type { CronLayer, ModelCrons } from "../cron/merge.ts";
import { BACKUP, OWN_DEFINITIONS, ownDefinition } from "../cron/own.ts";
import { originOf } from "../cron/origin.ts";
import { decode } from "../values/decoding.ts";
import { encode } from "../values/encoding.ts";
import type { Config } from "./config.ts";
import { sectionWords } from "./cron-sections.ts";

/** tq's own, which tq.toml may say other times of. */
export const OWN_LAYER: CronLayer = {
  origin: TQ_ORIGIN,
  kind: "tq",
  definitions: OWN_DEFINITIONS,
  where: (name) => name,
};

/** The settings that say recurring tasks. */
export type CronSettings = Pick<Config, "file" | "cron" | "backup" | "origins" | "database">;

type Definitions = CronSource["definitions"];

/**
 * The layers of models and of settings, the one that wins last.
 *
 * @param settings with the path of tq.toml, null: there is none; and its sections.
 * @param host stands before the paths; null: the database is a file, of this host
 */
export function layersOf(
  models: readonly ModelCrons[],
  { file, cron, backup, origins, database }: CronSettings,
  host: string | null = database.url === null ? null : hostname(),
): CronLayer[] {
  const layers = models.map(({ path, definitions }): CronLayer => ({
    origin: originOf(path, host),
    kind: "model",
    definitions,
    where: (name) => `${path}: the recurring task ${name}`,
  }));
  const backups = backup.folder === null ? [] : [ownDefinition(BACKUP, backup.schedule)];
  const isOfFile = file !== null && origins["backup.folder"] === "tq.toml";
  if (backups.length > 0 && !isOfFile) layers.push(environmentLayer(backups));
  if (file === null) return layers;
  const where = (name: string): string => `${file}: ${sectionWords(name)}`;
  const definitions = isOfFile ? joined(backups, cron) : cron;
  return [...layers, { origin: originOf(file, host), kind: "settings", definitions, where }];
}

function environmentLayer(definitions: Definitions): CronLayer {
  return { origin: ENVIRONMENT_ORIGIN, kind: "settings", definitions, where: () => "[backup]" };
}

/** A section wins key by key. */
function joined(backups: Definitions, sections: Definitions): Definitions {
  const both = backups.map(({ name, definition }) => {
    const section = sections.find((one) => one.name === name);
    const said = section === undefined ? {} : (decode(section.definition, name) as object);
    return { name, definition: encode({ ...(decode(definition, name) as object), ...said }, name) };
  });
  const others = sections.filter(({ name }) => !backups.some((one) => one.name === name));
  return [...both, ...others];
}
