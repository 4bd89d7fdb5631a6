/**
 * The recurring tasks that a worker has read, from tq.toml and its models, and has the store put in force. tq.toml is
 * read anew where it has changed; models stay as they were loaded.
 */
import { existsSync } from "node:fs";
import {
  type CronChanges,
  type CronRow,
  type CronSource,
  type CronText,
  type RefusedDefinition,
  TQ_ORIGIN,
} from "../cron/ledger.ts";
import { type CronLayer, type MergedCron, mergeCrons } from "../cron/merge.ts";
import { OWN_DEFINITIONS, isOwn } from "../cron/own.ts";
import { TqError } from "../errors.ts";
import { unknownTask } from "../registry/recurring.ts";
import { LastingNote } from "../log/lasting-note.ts";
import type { Report } from "../log/events.ts";
import type { Config } from "../settings/config.ts";
import { readCronSections, sectionWords } from "../settings/cron-sections.ts";
import { readSettingsFile } from "../settings/file.ts";
import type { Store } from "../store/store.ts";
import { FileWatch } from "./file-watch.ts";
import type { LoadedModels } from "./messages.ts";

export interface CronSourcesOptions {
  /** The worker's id. */
  readonly id: string;
  readonly config: Config;
  readonly store: Store;
  readonly report: Report;
}

/** A name whose file has no worker any more is taken after this time where the definitions differ: it may only restart. */
const LET_GO_MS = 60_000;

export class CronSources {
  readonly #options: CronSourcesOptions;
  readonly #file: string | null;
  readonly #watch: FileWatch | null;
  readonly #unreadable: LastingNote;
  #settings: readonly CronText[];
  #models: LoadedModels = { catalog: {}, crons: [] };
  /** What it would have in force. */
  #merged: readonly MergedCron[] = [];
  /** False until the store has what was read. */
  #isDefined = false;
  /** The names that another file has, with that file, as last said in the log. */
  readonly #refused = new Map<string, string>();
  /** Since when the file that has a name has had no worker; monotonic, ms. */
  readonly #free = new Map<string, number>();

  constructor(options: CronSourcesOptions) {
    this.#options = options;
    this.#file = options.config.file;
    this.#settings = options.config.cron;
    this.#watch = this.#file === null ? null : new FileWatch(this.#file);
    this.#unreadable = new LastingNote(options.report);
  }

  /**
   * Joins what tq.toml says with what the models say.
   *
   * @throws TqError "invalid" for a section of tq.toml that leaves out what no model says.
   */
  load(models: LoadedModels): void {
    this.#models = models;
    this.#merged = this.#merge(this.#settings);
  }

  /**
   * A sentence for each recurring task whose method no model has.
   *
   * @param names the ones to look at; left out: all
   */
  unknownTasks(names?: readonly string[]): string[] {
    const { catalog } = this.#models;
    return this.#merged.flatMap(({ layer, definition }) => {
      const isMeant = !isOwn(definition.name) && (names?.includes(definition.name) ?? true);
      const words = isMeant ? unknownTask(definition, catalog) : null;
      return words === null ? [] : [`${layer.where(definition.name)}: ${words}`];
    });
  }

  /** True where `look` may have something to do. */
  get isWaiting(): boolean {
    return !this.#isDefined || this.#free.size > 0 || (this.#watch?.isChanged ?? false);
  }

  /** Puts in force what has changed in tq.toml, and names that another file has let go. */
  async look(): Promise<void> {
    const rows = await this.#options.store.cron.rows();
    if (!this.#isDefined) await this.#defineAll(rows);
    else if (this.#watch?.look()) await this.#readAnew(this.#watch);
    else await this.#takeFree(rows);
  }

  async #defineAll(rows: readonly CronRow[]): Promise<void> {
    const gone = rows.filter((row) => isGone(row)).map(({ origin, kind }) => ({ origin, kind }));
    const sources = [
      ...this.#layers(this.#settings).map((layer) => this.#source(layer, this.#merged)),
      ...gone.map((origin) => ({ ...origin, worker: this.#options.id, definitions: [] })),
    ];
    if (isNeeded(sources, rows)) this.#say(await this.#options.store.cron.define(...sources));
    this.#isDefined = true;
  }

  async #readAnew(watch: FileWatch): Promise<void> {
    const before = this.#merged;
    try {
      const settings = this.#readFile();
      const merged = this.#merge(settings);
      if (!watch.take()) return;
      this.#settings = settings;
      this.#merged = merged;
      this.#unreadable.gone();
    } catch (error) {
      if (watch.take())
        this.#unreadable.say(`Recurring tasks stay as they were: ${messageOf(error)}`);
      return;
    }
    if (
      before.length === this.#merged.length &&
      before.every((one, index) => isSame(one, this.#merged[index]))
    )
      return;
    const moved = this.#merged.filter((one) => !before.some((other) => isSame(one, other)));
    const sources = this.#layers(this.#settings).map((layer) =>
      layer.kind === "settings"
        ? this.#source(layer, this.#merged)
        : { ...this.#source(layer, moved), isPart: true },
    );
    this.#isDefined = false; // until the store has them
    const changes = await this.#options.store.cron.define(...sources);
    this.#isDefined = true;
    this.#say(changes);
    const { changed } = changes;
    if (changed.length === 0) return;
    const [words, are] = changed.length === 1 ? ["task", "is"] : ["tasks", "are"];
    const which = `recurring ${words} ${changed.join(", ")}`;
    this.#note("info", `${which} ${are} in force as ${this.#file} says now`);
    for (const sentence of this.unknownTasks(changed)) this.#note("warn", sentence);
  }

  /** @throws TqError "invalid" */
  #readFile(): readonly CronText[] {
    const path = this.#file ?? "";
    const found = readSettingsFile("/", { path, by: "the start of this worker" });
    const content = (found?.content ?? {}) as { readonly cron?: unknown };
    if (Object.keys(content).length === 0 && this.#settings.length > 0) {
      throw new TqError("invalid", `${path} is empty`);
    }
    const problems: string[] = [];
    const texts = readCronSections(content.cron, path, (problem) => problems.push(problem));
    if (problems.length > 0) throw new TqError("invalid", problems.join("\n  "));
    return texts;
  }

  /** @throws TqError "invalid" */
  #merge(settings: readonly CronText[]): readonly MergedCron[] {
    const problems: string[] = [];
    const merged = mergeCrons(this.#layers(settings), (problem) => problems.push(problem));
    if (problems.length > 0) throw new TqError("invalid", problems.join("\n  "));
    return merged;
  }

  /** The one that wins comes last. */
  #layers(settings: readonly CronText[]): CronLayer[] {
    const file = this.#file;
    return [
      { origin: TQ_ORIGIN, kind: "tq", definitions: OWN_DEFINITIONS, where: (name) => name },
      ...this.#models.crons.map(({ path, definitions }): CronLayer => ({
        origin: path,
        kind: "model",
        definitions,
        where: (name) => `${path}: the recurring task ${name}`,
      })),
      ...(file === null
        ? []
        : [
            {
              origin: file,
              kind: "settings" as const,
              definitions: settings,
              where: (name: string) => `${file}: ${sectionWords(name)}`,
            },
          ]),
    ];
  }

  #source({ origin, kind }: CronLayer, merged: readonly MergedCron[]): CronSource {
    const definitions = merged
      .filter(({ layer }) => layer.origin === origin)
      .map(({ definition: { name, text } }) => ({ name, definition: text }));
    return { origin, kind, worker: this.#options.id, definitions };
  }

  /** Takes the names that nobody has any more. */
  async #takeFree(rows: readonly CronRow[]): Promise<void> {
    const free = this.#merged.filter((one) => this.#isFree(one, rows));
    if (free.length === 0) return;
    const layers = this.#layers(this.#settings);
    const sources = layers.map((layer) => ({ ...this.#source(layer, free), isPart: true }));
    this.#say(await this.#options.store.cron.define(...sources));
    for (const { definition } of free) this.#free.delete(definition.name);
  }

  #isFree({ layer, definition }: MergedCron, rows: readonly CronRow[]): boolean {
    const { name, text } = definition;
    const row = rows.find((one) => one.name === name);
    const isOurs = row?.origin === layer.origin && row.removedAt === null;
    if (isOurs || (row?.held && row.removedAt === null)) {
      this.#free.delete(name);
      if (isOurs) this.#refused.delete(name);
      return false;
    }
    if (row === undefined || row.removedAt !== null || row.definition === text) return true;
    const now = performance.now();
    const since = this.#free.get(name) ?? now;
    this.#free.set(name, since);
    return now - since >= LET_GO_MS;
  }

  #say({ removed, refused }: CronChanges): void {
    for (const { name, origin } of removed) {
      this.#note("warn", `recurring task ${name} stops: ${origin} does not have it any more`);
    }
    for (const one of refused) this.#sayRefused(one);
  }

  #sayRefused({ name, origin, by }: RefusedDefinition): void {
    if (isOwn(name) || this.#refused.get(name) === by.origin) return;
    this.#refused.set(name, by.origin);
    const has =
      by.kind === "database"
        ? `tq cron add made one of that name`
        : `another worker has one of that name from ${by.origin}`;
    this.#note("warn", `recurring task ${name} of ${origin} is not in force: ${has}; rename one`);
  }

  #note(level: "info" | "warn", message: string): void {
    this.#options.report({ name: "log.note", level, message });
  }
}

/** Its file was deleted, or moved: no worker will read it again. */
function isGone({ origin, kind, held, removedAt }: CronRow): boolean {
  const isFile = kind === "settings" || kind === "model";
  return isFile && !held && removedAt === null && !existsSync(origin);
}

/** False where the store has all of it: most workers have no recurring tasks but those of tq. */
function isNeeded(sources: readonly CronSource[], rows: readonly CronRow[]): boolean {
  return sources.some(({ origin, kind, definitions }) => {
    const had = rows.some((row) => row.origin === origin && row.removedAt === null);
    if (kind !== "tq") return had || definitions.length > 0;
    return definitions.some(({ name, definition }) => {
      const row = rows.find((one) => one.name === name);
      return (
        row === undefined ||
        row.removedAt !== null ||
        (row.kind === "tq" && row.definition !== definition)
      );
    });
  });
}

function isSame(one: MergedCron, other: MergedCron | undefined): boolean {
  return (
    one.definition.name === other?.definition.name &&
    one.layer.origin === other.layer.origin &&
    one.definition.text === other.definition.text
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
