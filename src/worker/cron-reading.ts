/** The recurring tasks that a worker has read, from tq.toml and its models. tq.toml is read anew where it has changed. */
import type { CronSource, CronText } from "../cron/ledger.ts";
import { type CronLayer, type MergedCron, type MergedCrons, mergeCrons } from "../cron/merge.ts";
import { noRecordsWords, recordsOfFunctionWords } from "../cron/call.ts";
import { isOwn } from "../cron/own.ts";
import { unknownTask } from "../registry/recurring.ts";
import { type CronSettings, layersOf, OWN_LAYER } from "../settings/cron-layers.ts";
import { readCronFile } from "../settings/cron-file.ts";
import { FileWatch } from "./file-watch.ts";
import type { CronModels } from "./messages.ts";

export class CronReading {
  readonly #worker: string;
  /** The path of tq.toml; null: there is none. */
  readonly file: string | null;
  readonly #watch: FileWatch | null;
  readonly #host: string | null;
  #settings: CronSettings;
  #models: CronModels = { catalog: {}, crons: [] };
  #all: MergedCrons = { merged: [], incomplete: [] };

  /**
   * @param settings as they were read at the start
   * @param monotonic a clock that nobody sets, in ms
   * @param host stands before the paths of files; null: the database is a file, of this host
   */
  constructor(
    worker: string,
    settings: CronSettings,
    monotonic: () => number,
    host: string | null,
  ) {
    const { file } = settings;
    this.#worker = worker;
    this.file = file;
    this.#settings = settings;
    this.#host = host;
    this.#watch = file === null ? null : new FileWatch(file, monotonic);
  }

  load(models: CronModels): void {
    this.#models = models;
    this.#all = mergeCrons(this.layers);
  }

  /** The recurring tasks that it would have in force. */
  get merged(): readonly MergedCron[] {
    return this.#all.merged;
  }

  /** True where `readAnew` may have something to do. */
  get isChanged(): boolean {
    return this.#watch?.isChanged ?? false;
  }

  /**
   * Reads tq.toml anew, where it has changed and nobody writes to it any more.
   *
   * @returns true where other recurring tasks are in it now
   * @throws TqError "invalid", once for each change, where it cannot be: what was read before counts on
   */
  readAnew(): boolean {
    if (this.#watch === null || this.file === null || !this.#watch.look()) return false;
    let cron: readonly CronText[];
    const { cron: before } = this.#settings;
    try {
      cron = readCronFile(this.file, "the start of this worker", before);
    } catch (error) {
      if (this.#watch.take()) throw error;
      return false;
    }
    if (!this.#watch.take() || isSame(cron, before)) return false;
    this.#settings = { ...this.#settings, cron };
    this.#all = mergeCrons(this.layers);
    return true;
  }

  /** The one that wins comes last. */
  get layers(): CronLayer[] {
    return [OWN_LAYER, ...layersOf(this.#models.crons, this.#settings, this.#host)];
  }

  /** The source of a layer, with those of these that it has. */
  source({ origin, kind }: CronLayer, merged = this.merged): CronSource {
    const those = merged.filter(({ layer }) => layer.origin === origin);
    const incomplete = this.#all.incomplete.filter(({ layer }) => layer.origin === origin);
    const unknown = those.filter((one) => this.isForeign(one));
    return {
      origin,
      kind,
      worker: this.#worker,
      definitions: those.map(({ definition: { name, text } }) => ({ name, definition: text })),
      foreign: [...incomplete.map(({ name }) => name), ...unknown.map(nameOf)],
    };
  }

  /**
   * A sentence for each recurring task whose method no model here has, or that leaves out what no model here says.
   *
   * @param names the ones to look at; left out: all
   */
  problems(names?: readonly string[]): string[] {
    const asked = names === undefined ? null : new Set(names);
    const unknown = this.merged.flatMap((one) => {
      if (asked?.has(nameOf(one)) === false) return [];
      const words = this.#instancesWords(one) ?? this.#unknownWords(one);
      return words === null ? [] : [`${one.layer.where(nameOf(one))}: ${words}`];
    });
    return [...this.#all.incomplete.map(({ why }) => why), ...unknown];
  }

  /** No model here has its method: what another worker says of it counts. */
  isForeign(one: MergedCron): boolean {
    return this.#unknownWords(one) !== null;
  }

  #unknownWords({ definition }: MergedCron): string | null {
    return isOwn(definition.name) ? null : unknownTask(definition, this.#models.catalog);
  }

  #instancesWords({ definition }: MergedCron): string | null {
    const fails = recordsOfFunctionWords(definition);
    if (fails !== null) return `its tasks fail: ${fails}`;
    const onRecords = this.#models.crons.flatMap((one) => one.onRecords);
    const words = noRecordsWords(definition, onRecords);
    return words === null ? null : `its tasks do nothing: ${words}`;
  }
}

function nameOf({ definition }: MergedCron): string {
  return definition.name;
}

function isSame(one: readonly CronText[], other: readonly CronText[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
