/** Joins what the sources of one worker say: tq's own, its models, and tq.toml, which wins key by key. */
import { didYouMean } from "../suggest.ts";
import { decode } from "../values/decoding.ts";
import { type CronDefinition, readCron } from "./definition.ts";
import type { CronSource, OriginKind } from "./ledger.ts";

/** What one source says. */
export interface CronLayer {
  readonly origin: string;
  readonly kind: OriginKind;
  readonly definitions: CronSource["definitions"];
  /** Begins the sentence of an error about this name. */
  readonly where: (name: string) => string;
}

export interface MergedCron {
  /** Where it is in force from: the last layer that says a key of it. */
  readonly layer: CronLayer;
  readonly definition: CronDefinition;
}

/**
 * @param layers the ones that win come last
 * @param refuse called with each problem
 */
export function mergeCrons(
  layers: readonly CronLayer[],
  refuse: (problem: string) => void,
): MergedCron[] {
  const names = new Set(layers.flatMap(({ definitions }) => definitions.map(({ name }) => name)));
  return [...names].sort().flatMap((name) => mergeOne(name, layers, refuse) ?? []);
}

function mergeOne(
  name: string,
  layers: readonly CronLayer[],
  refuse: (problem: string) => void,
): MergedCron | null {
  const said = {};
  const those: CronLayer[] = [];
  for (const layer of layers) {
    const text = layer.definitions.find((one) => one.name === name);
    if (text === undefined) continue;
    Object.assign(said, decode(text.definition, layer.where(name)));
    those.push(layer);
  }
  const layer = those.at(-1);
  if (layer === undefined) return null;
  try {
    return { layer, definition: readCron(name, said, layer.where(name)) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    refuse(those.length > 1 ? why : `${why}${noModelWords(name, layers)}`);
    return null;
  }
}

/** A section of tq.toml that leaves out keys was meant for a model's recurring task, or is not finished. */
function noModelWords(name: string, layers: readonly CronLayer[]): string {
  const names = layers
    .filter(({ kind }) => kind !== "settings")
    .flatMap(({ definitions }) => definitions.map((one) => one.name));
  return `; no model here has a recurring task ${name}${didYouMean(name, names)}`;
}
