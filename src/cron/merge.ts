/** Joins what the sources of one worker say: tq's own, its models, and tq.toml, which wins key by key. */
import { messageOf } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { decode } from "../values/decoding.ts";
import { type CronDefinition, readCron } from "./definition.ts";
import type { CronSource, OriginKind } from "./ledger.ts";

/** The definitions of one source. */
export interface CronLayer {
  readonly origin: string;
  readonly kind: OriginKind;
  readonly definitions: CronSource["definitions"];
  /** Begins the sentence of an error about this name. */
  readonly where: (name: string) => string;
}

/** The recurring tasks that the models of one path say, and what other recurring tasks need to know of them. */
export interface ModelCrons {
  readonly path: string;
  /** The methods that are called on records, such as "invoice.send": without any, nothing is called. */
  readonly onRecords: readonly string[];
  readonly definitions: CronSource["definitions"];
}

export interface MergedCron {
  /** Where it is in force from: the last layer that says a key of it. */
  readonly layer: CronLayer;
  readonly definition: CronDefinition;
}

/** A section that leaves out a key, which no model of this worker says. */
interface IncompleteCron {
  readonly layer: CronLayer;
  readonly name: string;
  /** A sentence. */
  readonly why: string;
}

export interface MergedCrons {
  /** By name. */
  readonly merged: readonly MergedCron[];
  readonly incomplete: readonly IncompleteCron[];
}

/** @param layers the ones that win come last */
export function mergeCrons(layers: readonly CronLayer[]): MergedCrons {
  const names = new Set(layers.flatMap(({ definitions }) => definitions.map(({ name }) => name)));
  const merged: MergedCron[] = [];
  const incomplete: IncompleteCron[] = [];
  for (const name of [...names].sort()) {
    const those = layers.filter(({ definitions }) => definitions.some((one) => one.name === name));
    const layer = those.at(-1);
    if (layer === undefined) continue;
    try {
      merged.push({ layer, definition: readCron(name, saidBy(those, name), layer.where(name)) });
    } catch (error) {
      const why = messageOf(error);
      const hint = those.length > 1 ? "" : noModelWords(name, layers);
      incomplete.push({ layer, name, why: `${why}${hint}` });
    }
  }
  return { merged, incomplete };
}

function saidBy(layers: readonly CronLayer[], name: string): object {
  const said = {};
  for (const { definitions, where } of layers) {
    const text = definitions.find((one) => one.name === name);
    if (text !== undefined) Object.assign(said, decode(text.definition, where(name)));
  }
  return said;
}

/** A section of tq.toml that leaves out keys was meant for a model's recurring task, or is not finished. */
function noModelWords(name: string, layers: readonly CronLayer[]): string {
  const names = layers
    .filter(({ kind }) => kind !== "settings")
    .flatMap(({ definitions }) => definitions.map((one) => one.name));
  return `; no model here has a recurring task ${name}${didYouMean(name, names)}`;
}
