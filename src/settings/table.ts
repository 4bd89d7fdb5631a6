/**
 * The settings: one table says the type, default, bounds and words of each. `tq config`, `--help`
 * and the table in docs/settings.md are made from it; `config.ts` finds the values.
 */
import { shownDatabaseUrl } from "../values/database-url.ts";
import { DAY_MS, formatDuration, HOUR_MS, SECOND_MS } from "../values/duration.ts";
import { LEVELS } from "../log/events.ts";
import {
  address,
  boolean,
  choice,
  command,
  databaseUrl,
  duration,
  fieldNames,
  names,
  path,
  schedule,
  shownUrl,
  url,
  whole,
} from "./kinds.ts";
import type { Kind } from "./kinds.ts";

/** The bounds of a number of days: a hundred years is long enough. */
const DAY_BOUNDS = [0, 36_500] as const;

const MODELS = path(null, "File or folder of the models", {
  default: "models.ts beside tq.toml, else the folder models, else models.js",
  flag: "--models",
});

const SECTIONS = {
  database: {
    path: path(
      "tq.db",
      "File of the database; a URL of PostgreSQL in its place counts as database.url",
      {
        default: "tq.db beside tq.toml, else in the current folder",
        flag: "--database",
      },
    ),
    url: databaseUrl(
      "PostgreSQL database in place of that file, such as postgresql://tq@db.local/shop; shown without its password",
      { flag: "--database" },
    ),
    connections: whole(
      10,
      [2, 1_000],
      "Most connections of a program to PostgreSQL; those of a worker follow from its threads",
    ),
    retry: whole(5, [0, 100], "Times a task is tried again at once when the database is busy"),
    timeout: duration(
      5 * SECOND_MS,
      [0, HOUR_MS],
      "Longest wait while another program, or one other transaction of this one, has the write lock; on PostgreSQL a row",
    ),
    durability: choice(
      "full",
      ["full", "normal"],
      'With "full" a power cut loses no task that was acknowledged; "normal" is faster and may lose the last ones',
    ),
    min_free_mb: whole(
      64,
      [0, 1_000_000_000],
      "Free megabytes on the disk below which pushes are refused; tasks already stored still run",
    ),
  },
  queue: {
    worker: boolean(
      false,
      "Workers run the tasks; if false, each program runs its own after the commit",
      { flag: "--worker" },
    ),
    clean_days: whole(30, DAY_BOUNDS, "Days that finished and cancelled tasks are kept"),
    max_size: whole(
      0,
      [0, 1_000_000_000],
      "Ready and scheduled tasks above which pushes are refused; 0 is no limit",
    ),
    max_wait: duration(
      0,
      [0, 365 * DAY_MS],
      "Time that a task may be ready before /readyz and tq status --check fail; 0 s is no limit",
      { flag: "--max-wait" },
    ),
    batch_size: whole(20, [1, 1_000_000], "Records in one task when queue_batch is true"),
  },
  error: {
    clean_days: whole(90, DAY_BOUNDS, "Days that failed tasks and their errors are kept"),
  },
  worker: {
    threads: whole(navigator.hardwareConcurrency, [1, 1000], "Threads that run tasks", {
      default: "number of cores",
      flag: "--threads",
    }),
    queues: names("Names and patterns of the queues to run", { default: "all", flag: "--queue" }),
    grace: duration(30 * SECOND_MS, [0, DAY_MS], "Time that running tasks have to end at a stop", {
      flag: "--grace",
    }),
    poll_interval: duration(
      60 * SECOND_MS,
      [SECOND_MS, DAY_MS],
      "An idle worker looks for tasks this often (on PostgreSQL every 2 s), though pushes wake it at once; no limit for a task",
      { flag: "--poll-interval" },
    ),
    lock_timeout: duration(
      60 * SECOND_MS,
      [0, DAY_MS],
      "Longest time that one task may hold the write lock, or on PostgreSQL a transaction that has written; then it is stopped, and counts a crash; 0 s is no limit",
    ),
    timeout_grace: duration(
      5 * SECOND_MS,
      [0, HOUR_MS],
      "Time that a task has to end by itself once its timeout has passed, it was cancelled or its worker's grace is nearly over",
    ),
    max_tasks: whole(
      0,
      [0, 1_000_000_000],
      "Tasks that a thread runs before it is replaced; 0 is no limit",
      { flag: "--max" },
    ),
    keep_output: boolean(
      true,
      "Keep what tasks print and log with their runs, for tq logs; it is printed all the same",
    ),
    max_crashes: whole(3, [1, 1000], "Crashes after which a task is set aside as failed"),
  },
  admin: {
    listen: address(
      "127.0.0.1:8989",
      "Address of the admin API, or unix:PATH; port 0 takes a free one",
      {
        flag: "--listen",
      },
    ),
    hosts: names("Other names by which callers know this host, such as shop.local", {
      default: "none",
      allowed: 'a list of names, such as ["shop.local"]',
    }),
    tls_cert: path(null, "File of the certificate of the admin API, as PEM: it then speaks TLS", {
      default: "none",
      flag: "--tls-cert",
    }),
    tls_key: path(null, "File of the private key of that certificate, as PEM", {
      default: "none",
      flag: "--tls-key",
    }),
    push: names("Names and patterns of the methods that requests may push, such as invoice.*", {
      default: "all",
      allowed: 'a list of at least one name or pattern, such as ["invoice.*", "print_label"]',
      least: 1,
    }),
    redact: fieldNames(
      "Names of fields that are secret, at any depth: nothing shows, logs or sends their values",
    ),
  },
  alert: {
    command: command("What a worker runs once tasks have failed for good, to tell of it"),
    url: url(
      "Where a worker posts JSON once tasks have failed for good; shown without its secrets",
    ),
    every: duration(
      60 * SECOND_MS,
      [SECOND_MS, DAY_MS],
      "Least time between two alerts; failures meanwhile are told together",
    ),
    queues: names("Names and patterns of the queues whose failures are told", { default: "all" }),
    tasks: names("Names and patterns of the methods whose failures are told, such as label.*", {
      default: "all",
    }),
  },
  backup: {
    folder: path(null, "Folder into which a worker backs the database up; it is made if missing", {
      default: "none: no backups",
      allowed: "the path of a folder on disk",
    }),
    schedule: schedule(
      "30 3 * * *",
      "When a worker backs the database up: the recurring task tq.backup",
    ),
    keep: whole(7, [1, 10_000], "Backups that stay in that folder; the oldest ones are deleted"),
  },
  log: {
    level: choice("info", LEVELS, "The least urgent level that is written"),
    format: choice("text", ["text", "json"], "Lines for people, or one JSON object a line"),
  },
};

type Sections = typeof SECTIONS;

export type SectionName = keyof Sections;

type Values<Section> = {
  readonly [N in keyof Section]: Section[N] extends Kind<infer T> ? T : never;
};

export type Settings = { readonly models: string | null } & {
  readonly [S in SectionName]: Values<Sections[S]>;
};

/** A setting's name with its section: `queue.clean_days`. */
export type SettingKey =
  "models" | { [S in SectionName]: `${S}.${keyof Sections[S] & string}` }[SectionName];

/** One setting, as `tq config`, `--help` and docs/settings.md show it. */
export interface Setting extends Kind<unknown> {
  readonly key: SettingKey;
  /** Null at the top level. */
  readonly section: SectionName | null;
  readonly name: string;
  /** The environment variable: `TQ_QUEUE__CLEAN_DAYS`. */
  readonly env: string;
}

export const SECTION_NAMES = Object.keys(SECTIONS) as readonly SectionName[];

/** Every setting by its key, in the order of the documentation. */
export const SETTINGS: ReadonlyMap<string, Setting> = new Map(
  [
    named(null, "models", MODELS),
    ...SECTION_NAMES.flatMap((section) =>
      Object.entries<Kind<unknown>>(SECTIONS[section]).map(([name, kind]) =>
        named(section, name, kind),
      ),
    ),
  ].map((setting) => [setting.key, setting]),
);

/** The settings of earlier versions that have another name now. */
export const RENAMED: ReadonlyMap<string, SettingKey> = new Map([
  ["worker.timeout", "worker.poll_interval"], // it read like a limit for a task
]);

/** Variables by which people set what has a flag of a short name, as `TQ_MODELS` does. */
export const OTHER_ENV: ReadonlyMap<string, SettingKey> = new Map([
  ["TQ_DATABASE", "database.path"],
]);

/** `worker.poll_interval` → `TQ_WORKER__POLL_INTERVAL`. */
export function envOf(key: string): string {
  return `TQ_${key.replace(".", "__").toUpperCase()}`;
}

function named(section: SectionName | null, name: string, kind: Kind<unknown>): Setting {
  const key = (section === null ? name : `${section}.${name}`) as SettingKey;
  return { ...kind, key, section, name, env: envOf(key) };
}

/** A setting's value without its secrets. */
export function shownSetting({ kind }: Setting, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (kind === "database") return shownDatabaseUrl(value);
  return kind === "url" ? shownUrl(value) : value;
}

/** A setting's value for a person to read. */
export function formatSetting(setting: Setting, value: unknown): string {
  const { kind } = setting;
  if (value === null) return "none";
  if (kind === "url" || kind === "database") return String(shownSetting(setting, value));
  if (kind === "command" && typeof value !== "string") return JSON.stringify(value);
  if (kind === "duration") return formatDuration(Number(value));
  if (Array.isArray(value)) return value.length === 0 ? setting.default : value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}
