/** Has the store put in force what a worker has read of recurring tasks, and says in the log what became of it. */
import { monotonicNow } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import type { CronChanges, CronRow, CronSource } from "../cron/ledger.ts";
import type { MergedCron } from "../cron/merge.ts";
import { haveOnePath, placeOf } from "../cron/origin.ts";
import { isOwn } from "../cron/own.ts";
import { differingWords } from "./cron-said.ts";
import { LastingNote } from "../log/lasting-note.ts";
import type { Config } from "../settings/config.ts";
import { DAY_MS } from "../values/duration.ts";
import { CronReading } from "./cron-reading.ts";
import { CronZone, type CronZoneOptions, followsMachine, namesNoZone } from "./cron-zone.ts";
import type { CronModels } from "./messages.ts";

export interface CronSourcesOptions extends CronZoneOptions {
  readonly config: Config;
  /** A clock that nobody sets, in ms. Default: `monotonicNow`. */
  readonly monotonic?: () => number;
  /** How other hosts know this one. Default: what the system says. */
  readonly host?: string;
}

/** A name whose file has no worker any more is taken after this time where the definitions differ: it may only restart. */
const LET_GO_MS = 60_000;

/** So long another host may be away before what its file alone has is taken away. */
const LEFT_MS = DAY_MS;

/** To find the zone of the machine takes some ms, which a worker saves that ends at once. */
const ZONE_AFTER_MS = 1_000;

export class CronSources {
  readonly #options: CronSourcesOptions;
  readonly #monotonic: () => number;
  readonly #host: string;
  /** Hosts share the database. */
  readonly #isShared: boolean;
  readonly #reading: CronReading;
  readonly #unreadable: LastingNote;
  readonly #zone: CronZone;
  readonly #startedAt: number;
  /** False until the store has what was read. */
  #isDefined = false;
  /** The names of which another file says another thing, with that file, as last said in the log. */
  readonly #differing = new Map<string, string>();
  /** Since when the file that has a name has had no worker; monotonic, ms. */
  readonly #free = new Map<string, number>();

  constructor(options: CronSourcesOptions) {
    this.#options = options;
    const { id, config, report, monotonic = monotonicNow, host = hostname() } = options;
    this.#monotonic = monotonic;
    this.#host = host;
    this.#isShared = config.database.url !== null;
    this.#reading = new CronReading(id, config, monotonic, this.#isShared ? host : null);
    this.#unreadable = new LastingNote(report);
    this.#zone = new CronZone(options);
    this.#startedAt = monotonic();
  }

  /** Joins what tq.toml says with what the models say. */
  load(models: CronModels): void {
    this.#reading.load(models);
  }

  /** The same for models that were loaded anew: the next look puts in force what they say. */
  reload(models: CronModels): void {
    this.#reading.load(models);
    this.#isDefined = false;
  }

  /** A sentence for each recurring task that cannot run here. */
  problems(): string[] {
    return this.#reading.problems();
  }

  /** True where `look` may have something to do. */
  get isWaiting(): boolean {
    const { isTold } = this.#zone;
    return !this.#isDefined || !isTold || this.#free.size > 0 || this.#reading.isChanged;
  }

  /** Puts in force what has changed in tq.toml, and names that another file has let go. */
  async look(): Promise<void> {
    const rows = await this.#options.store.cron.rows();
    if (this.#zone.isTold || this.#isZoneWanted(rows)) await this.#zone.look();
    const before = this.#reading.merged;
    let isChanged = true;
    if (!this.#isDefined || this.#isForgotten(rows)) await this.#defineAll(rows);
    else if (this.#isReadAnew()) await this.#defineChanged(before);
    else isChanged = (await this.#takeFree(rows)) || (await this.#endLeft(rows));
    const after = isChanged ? await this.#options.store.cron.rows() : rows;
    this.#isDefined &&= !this.#isForgotten(after); // others take the worker for dead, until it is registered anew
    this.#sayDiffering(after);
  }

  /** The database does not know that this worker has read them: others took it for dead, or a failover has lost it. */
  #isForgotten(rows: readonly CronRow[]): boolean {
    return this.#reading.merged.some(({ layer, definition: { name } }) =>
      rows.some((row) => row.name === name && row.origin === layer.origin && hasNoWorker(row)),
    );
  }

  #isZoneWanted(rows: readonly CronRow[]): boolean {
    if (this.#monotonic() - this.#startedAt >= ZONE_AFTER_MS) return true;
    const { merged } = this.#reading;
    return merged.some(({ definition }) => namesNoZone(definition)) || rows.some(followsMachine);
  }

  async #defineAll(rows: readonly CronRow[]): Promise<void> {
    const { layers } = this.#reading;
    const gone = this.#without(rows, (row) => this.#isGone(row));
    const sources = [...layers.map((layer) => this.#reading.source(layer)), ...gone];
    if (isNeeded(sources, rows) || rows.some((row) => this.#isToNote(row)))
      this.#say(await this.#options.store.cron.define(...sources));
    this.#isDefined = true;
  }

  /** The sources of these recurring tasks, without them. Those that this worker has read say themselves what they have. */
  #without(rows: readonly CronRow[], isEnding: (row: CronRow) => boolean): CronSource[] {
    const { layers } = this.#reading;
    const ending = rows.filter((row) => hasNoWorker(row) && isEnding(row));
    return ending
      .filter((row) => !layers.some(({ origin }) => origin === row.origin))
      .map(({ origin, kind }) => {
        const others = rows.filter((row) => row.origin === origin && !ending.includes(row));
        const foreign = others.map(({ name }) => name);
        return { origin, kind, worker: this.#options.id, definitions: [], foreign };
      });
  }

  #isGone(row: CronRow): boolean {
    return this.#isOfOthers(row) ? this.#isLeft(row) : this.#isWithoutFile(row);
  }

  /** Its file was deleted or moved, or one here has its path though it came with its queue from elsewhere. */
  #isWithoutFile({ origin }: CronRow): boolean {
    const { host, path } = placeOf(origin);
    if ((host === null || host === this.#host) && !existsSync(path)) return true;
    return this.#reading.layers.some((layer) => haveOnePath(layer.origin, origin));
  }

  /** It is of another host, or of one that is not known: this one cannot see its file. */
  #isOfOthers({ origin }: CronRow): boolean {
    return this.#isShared && placeOf(origin).host !== this.#host;
  }

  /** Another host has not come back. */
  #isLeft(row: CronRow): boolean {
    const { leftAt } = row;
    if (leftAt === null || !this.#isOfOthers(row)) return false;
    return this.#options.store.now() - leftAt >= LEFT_MS && this.#isWithoutFile(row);
  }

  /** The time that another host has to come back begins once a worker sees that it is away. */
  #isToNote(row: CronRow): boolean {
    return this.#isShared && hasNoWorker(row) && row.leftAt === null;
  }

  /** @returns false where it changed nothing */
  async #endLeft(rows: readonly CronRow[]): Promise<boolean> {
    const left = this.#without(rows, (row) => this.#isLeft(row));
    if (left.length === 0 && !rows.some((row) => this.#isToNote(row))) return false;
    this.#say(await this.#options.store.cron.define(...left));
    return true;
  }

  #isReadAnew(): boolean {
    try {
      const isChanged = this.#reading.readAnew();
      if (!this.#reading.isChanged) this.#unreadable.gone();
      return isChanged;
    } catch (error) {
      this.#unreadable.say(`Recurring tasks stay as they were: ${messageOf(error)}`);
      return false;
    }
  }

  /** Of its models only what tq.toml does not say any more: another worker may have loaded newer ones. */
  async #defineChanged(before: readonly MergedCron[]): Promise<void> {
    const moved = this.#reading.merged.filter((one) => !before.some((other) => isSame(one, other)));
    const sources = this.#reading.layers.map((layer) =>
      layer.kind === "settings"
        ? this.#reading.source(layer)
        : { ...this.#reading.source(layer, moved), isPart: true },
    );
    this.#isDefined = false; // until the store has them
    const changes = await this.#options.store.cron.define(...sources);
    this.#isDefined = true;
    this.#say(changes);
    this.#sayChanged(changes.changed);
    const names = moved.map(({ definition }) => definition.name);
    for (const words of this.#reading.problems(names)) this.#note("warn", words);
  }

  #sayChanged(names: readonly string[]): void {
    if (names.length === 0) return;
    const [words, are] = names.length === 1 ? ["task", "is"] : ["tasks", "are"];
    const which = `recurring ${words} ${names.join(", ")}`;
    this.#note("info", `${which} ${are} in force as ${this.#reading.file} says now`);
  }

  /** Takes the names that nobody has any more. @returns false where it changed nothing */
  async #takeFree(rows: readonly CronRow[]): Promise<boolean> {
    const free = this.#reading.merged.filter((one) => this.#isFree(one, rows));
    if (free.length === 0) return false;
    const sources = this.#reading.layers.map((layer) => ({
      ...this.#reading.source(layer, free),
      isPart: true,
    }));
    this.#say(await this.#options.store.cron.define(...sources));
    for (const { definition } of free) this.#free.delete(definition.name);
    return true;
  }

  #isFree({ layer, definition }: MergedCron, rows: readonly CronRow[]): boolean {
    const { name, text } = definition;
    const row = rows.find((one) => one.name === name);
    const isOurs = row?.origin === layer.origin && row.removedAt === null;
    if (isOurs || (row?.held && row.removedAt === null)) {
      this.#free.delete(name);
      return false;
    }
    if (row === undefined || row.removedAt !== null || row.definition === text) return true;
    const now = this.#monotonic();
    const since = this.#free.get(name) ?? now;
    this.#free.set(name, since);
    return now - since >= LET_GO_MS;
  }

  #say({ removed }: CronChanges): void {
    for (const { name, origin } of removed) {
      const { host } = placeOf(origin);
      const why =
        this.#isShared && host !== this.#host
          ? `no worker has had ${origin} for a day`
          : `${origin} does not have it any more`;
      this.#note("warn", `recurring task ${name} stops: ${why}`);
    }
  }

  /** Says once of each name that another file says another thing, which counts. */
  #sayDiffering(rows: readonly CronRow[]): void {
    for (const one of this.#reading.merged) {
      const { name, text } = one.definition;
      const { origin } = one.layer;
      const row = rows.find((other) => other.name === name);
      const isInForce =
        row === undefined ||
        row.origin === origin ||
        row.removedAt !== null ||
        !row.held ||
        (row.kind !== "database" && (row.definition === text || this.#reading.isForeign(one)));
      if (isInForce || isOwn(name)) this.#differing.delete(name);
      else if (this.#differing.get(name) !== row.origin) {
        this.#differing.set(name, row.origin);
        this.#note("warn", differingWords(name, origin, row));
      }
    }
  }

  #note(level: "info" | "warn", message: string): void {
    this.#options.report({ name: "log.note", level, message });
  }
}

function hasNoWorker({ kind, held, removedAt }: CronRow): boolean {
  return (kind === "settings" || kind === "model") && !held && removedAt === null;
}

/** False where the store has all of it: most workers have no recurring tasks but those of tq. */
function isNeeded(sources: readonly CronSource[], rows: readonly CronRow[]): boolean {
  return sources.some(({ origin, kind, definitions }) => {
    const had = rows.some((row) => row.origin === origin && row.removedAt === null);
    if (kind !== "tq") return had || definitions.length > 0;
    return definitions.some(({ name, definition }) => {
      const row = rows.find((one) => one.name === name);
      if (row === undefined || row.removedAt !== null) return true;
      return row.kind === "tq" && row.definition !== definition;
    });
  });
}

function isSame(one: MergedCron, other: MergedCron): boolean {
  return (
    one.definition.name === other.definition.name &&
    one.layer.origin === other.layer.origin &&
    one.definition.text === other.definition.text
  );
}
