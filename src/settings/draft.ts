/** Collects settings from their sources, checks each, and keeps every problem for one error. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import * as v from "valibot";
import { TqError } from "../errors.ts";
import { socketPath } from "./kinds.ts";
import { SECTION_NAMES, SETTINGS } from "./table.ts";
import type { Setting, SettingKey, Settings } from "./table.ts";
import type { CronText } from "../cron/ledger.ts";
import type { TaskRules } from "./task-rules.ts";
import type { WebhookSettings } from "./webhook-sections.ts";
import { quote } from "../quote.ts";
import { isDatabaseUrl } from "../values/database-url.ts";
import { didYouMean } from "../suggest.ts";

/** The settings in effect. Paths are absolute, durations are ms. */
export type Config = Settings & {
  /** The tq.toml that was read; null when there is none. */
  readonly file: string | null;
  /** The sections `[tasks."model.method"]`; the ones that win come last. */
  readonly tasks: readonly TaskRules[];
  /** The sections `[cron.name]`. */
  readonly cron: readonly CronText[];
  /** The sections `[[webhook]]`, with their secrets. */
  readonly webhooks: readonly WebhookSettings[];
  /** The source of each: "default", "tq.toml", the environment variable or the flag. */
  readonly origins: Readonly<Record<SettingKey, string>>;
};

interface Source {
  /** Names the value in the sentence of an error. */
  readonly where: string;
  /** Names the source in the list of settings: one of `Config.origins`. */
  readonly origin: string;
  /** The folder that a path is relative to. */
  readonly base: string;
}

/** The values so far, with their origins, and the problems with them. */
export class Draft {
  readonly problems: string[] = [];
  readonly rules: TaskRules[] = [];
  readonly cron: CronText[] = [];
  readonly webhooks: WebhookSettings[] = [];
  readonly #values = new Map<string, { value: unknown; origin: string }>();

  set(given: string, written: unknown, { where, origin, base }: Source): void {
    const key = namesServer(given, written) ? "database.url" : given;
    const setting = SETTINGS.get(key);
    if (setting === undefined) {
      this.problems.push(`${where} is not a setting${didYouMean(key, SETTINGS.keys())}`);
      return;
    }
    const { success, output } = v.safeParse(setting.schema(), written);
    if (success) {
      this.#values.set(key, { value: atBase(setting, output, base), origin });
    } else {
      const what = SECRET_KINDS.has(setting.kind) ? "this" : quote(written);
      const fault =
        setting.fault?.(written) ?? `it must be ${setting.allowed}${hint(setting, written)}`;
      this.problems.push(`${where} cannot be ${what}: ${fault}`);
    }
  }

  /**
   * The settings, with the defaults of those that were not set.
   *
   * @param base the folder that default paths are relative to
   * @throws TqError `invalid`, with every problem so far
   */
  finish(base: string, file: string | null): Config {
    this.#chooseDatabase();
    this.#refuse();
    const origins: Record<string, string> = {};
    const { rules: tasks, cron, webhooks } = this;
    const config: Record<string, unknown> = { file, origins, tasks, cron, webhooks };
    for (const name of SECTION_NAMES) config[name] = {};
    for (const { key, section, name, preset } of SETTINGS.values()) {
      const { value, origin } = this.#values.get(key) ?? { value: preset, origin: "default" };
      Object.assign(section === null ? config : (config[section] as object), { [name]: value });
      origins[key] = origin;
    }
    const { models, database, ...rest } = config as Config;
    const path = resolve(base, database.path); // the default is not absolute yet
    return { ...rest, models: models ?? findModels(base), database: { ...database, path } };
  }

  /** Of a file and a server the later source names the database; one source that names both is refused. */
  #chooseDatabase(): void {
    const url = this.#values.get("database.url");
    if (url === undefined) return;
    const path = this.#values.get("database.path");
    if (path !== undefined && rank(path.origin) > rank(url.origin)) {
      this.#values.delete("database.url");
      return;
    }
    for (const [key, why] of OF_FILES) {
      const value = this.#values.get(key);
      if (value === undefined) continue;
      if (rank(value.origin) < rank(url.origin)) this.#values.delete(key);
      else
        this.problems.push(
          `${key} (${value.origin}) cannot be set beside database.url (${url.origin}): ${why}`,
        );
    }
  }

  #refuse(): void {
    const [problem, ...others] = this.problems;
    if (problem === undefined) return;
    const message = `${this.problems.length} settings are wrong:\n  ${this.problems.join("\n  ")}`;
    throw new TqError("invalid", others.length === 0 ? problem : message);
  }
}

/** Their values are not repeated in errors. */
const SECRET_KINDS: ReadonlySet<Setting["kind"]> = new Set(["url", "database"]);

/** Settings of a database that is a file, and why they are none of a server's. */
const OF_FILES = [
  ["database.path", "a queue is in one database; leave one of the two out"],
  [
    "database.durability",
    "PostgreSQL decides it by its own setting synchronous_commit; leave it out",
  ],
  ["database.min_free_mb", "tq does not see the disk of a server; leave it out"],
  ["backup.folder", "tq copies no server; use pg_dump, or the backups of the server"],
] as const;

/** True for `database.path` with a URL: people name their database by one flag and one variable. */
function namesServer(key: string, written: unknown): boolean {
  return key === "database.path" && typeof written === "string" && isDatabaseUrl(written);
}

/** Later sources override earlier ones: tq.toml, the environment, flags and options. */
function rank(origin: string): number {
  if (origin === "tq.toml") return 0;
  return origin.startsWith("TQ_") ? 1 : 2;
}

/** Makes the path in a value absolute. */
function atBase({ kind }: Setting, value: unknown, base: string): unknown {
  if (kind === "path") return resolve(base, String(value));
  const socket = kind === "address" ? socketPath(String(value)) : null;
  return socket === null ? value : `unix:${resolve(base, socket)}`;
}

function findModels(base: string): string | null {
  const path = ["models.ts", "models/", "models.js"]
    .map((name) => join(base, name))
    .find(existsSync);
  return path === undefined ? null : resolve(path);
}

function hint({ kind, options = [] }: Setting, written: unknown): string {
  if (typeof written !== "string") return "";
  // A text that reads so comes from tq.toml: in the environment and in flags there are no quotes.
  if (kind === "boolean" && options.includes(written)) return ", without quotes";
  return didYouMean(written, options);
}
