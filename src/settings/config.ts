/**
 * Loads the settings from their defaults, tq.toml, the environment and flags; a later source overrides
 * an earlier one. Paths in tq.toml are relative to it, all others to the current folder.
 */
import { dirname, resolve } from "node:path";
import { readSettingsFile, type SettingsFile } from "./file.ts";
import { quote } from "../quote.ts";
import { Draft } from "./draft.ts";
import type { Config } from "./draft.ts";
import { envOf, OTHER_ENV, RENAMED, SECTION_NAMES, SETTINGS } from "./table.ts";
import type { Setting, SettingKey } from "./table.ts";
import { didYouMean } from "../suggest.ts";
import { isDatabaseUrl } from "../values/database-url.ts";
import { readCronSections } from "./cron-sections.ts";
import { readTaskRules } from "./task-rules.ts";
import { readWebhookSections } from "./webhook-sections.ts";

export type { Config } from "./draft.ts";

export interface ConfigSources {
  /** The current folder. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file that `-c` names. */
  readonly file?: string | undefined;
  /** Values of flags by their setting: the text as typed, or a list of texts. */
  readonly flags?: Readonly<Partial<Record<SettingKey, unknown>>> | undefined;
  /** The name of a flag in errors, and as origin. Default: that of the command line. */
  readonly nameOf?: (setting: SettingKey) => string;
}

/**
 * The settings of this program.
 *
 * @throws TqError `invalid`, with every setting that is wrong
 */
export function loadConfig({ cwd, env, file, flags, nameOf = flagOf }: ConfigSources): Config {
  const here = resolve(cwd);
  const found = readSettingsFile(here, namedFile(env, file));
  const draft = found === null ? new Draft() : readFile(found);
  const base = found === null ? here : dirname(found.path);
  readEnvironment(draft, here, env);
  for (const [key, value] of Object.entries(flags ?? {})) {
    if (value === undefined) continue;
    const flag = nameOf(key as SettingKey);
    draft.set(key, fromText(key, value), { where: flag, origin: flag, base: here });
  }
  return draft.finish(base, found?.path ?? null);
}

/**
 * The settings of a tq.toml, without the environment and flags.
 *
 * @throws TqError `invalid`, with every setting that is wrong
 */
export function checkFile(file: SettingsFile): Config {
  return readFile(file).finish(dirname(file.path), file.path);
}

function readFile({ path, content }: SettingsFile): Draft {
  const draft = new Draft();
  readSections(draft, path, "tq.toml", dirname(path), content);
  return draft;
}

function flagOf(setting: SettingKey): string {
  return SETTINGS.get(setting)?.flag ?? `--${setting}`;
}

/**
 * The settings that a program gives as an object shaped like tq.toml. A setting left out has its default.
 *
 * @param where names their source; the error's sentence starts with it
 * @throws TqError `invalid`, with every setting that is wrong
 */
export function parseSettings(partial: object, where: string, cwd = process.cwd()): Config {
  const draft = new Draft();
  readSections(draft, where, where, resolve(cwd), partial);
  return draft.finish(resolve(cwd), null);
}

/** Every setting with its value and origin, for people and programs to read. */
export function listConfig(config: Config): { setting: Setting; value: unknown; origin: string }[] {
  return [...SETTINGS.values()].map((setting) => {
    const { section, name, key } = setting;
    const values: Record<string, unknown> =
      section === null ? { ...config } : { ...config[section] };
    return { setting, value: values[name], origin: config.origins[key] };
  });
}

/**
 * Reads an object shaped like tq.toml.
 *
 * @param where begins the sentence of an error: the path of the file, or the words of the program that gave the object
 * @param origin names the source in the list of settings: "tq.toml", or the same words
 */
function readSections(
  draft: Draft,
  where: string,
  origin: string,
  base: string,
  content: object,
): void {
  for (const [name, value] of Object.entries(content)) {
    if (value === undefined || value === null) continue;
    if (name === "tasks" && isTable(value)) {
      draft.rules.push(...readTaskRules(value, where, (problem) => draft.problems.push(problem)));
    } else if (name === "cron") {
      draft.cron.push(...readCronSections(value, where, (problem) => draft.problems.push(problem)));
    } else if (name === "webhook") {
      const refuse = (problem: string) => draft.problems.push(problem);
      draft.webhooks.push(...readWebhookSections(value, where, base, refuse));
    } else if (SETTINGS.has(name)) {
      draft.set(name, value, { where: `${where}: ${name}`, origin, base });
    } else if (!SECTION_NAMES.some((section) => section === name)) {
      draft.problems.push(`${where}: ${unknownAtTop(name, value)}`);
    } else if (!isTable(value)) {
      draft.problems.push(
        `${where}: ${name} is a section with settings; it cannot be ${quote(value)}`,
      );
    } else {
      for (const [key, inner] of Object.entries(value)) {
        if (inner === undefined || inner === null) continue;
        const source = { where: `${where}: [${name}] ${key}`, origin, base };
        if (SETTINGS.has(`${name}.${key}`)) draft.set(`${name}.${key}`, inner, source);
        else draft.problems.push(`${source.where} is not a setting${hintFor(name, key)}`);
      }
    }
  }
}

function unknownAtTop(name: string, value: unknown): string {
  if (isTable(value))
    return `[${name}] is not a section${didYouMean(name, [...SECTION_NAMES, "tasks", "cron", "webhook"])}`;
  return `${name} is not a setting${rightSection(name) || didYouMean(name, ["models", ...SECTION_NAMES])}`;
}

function hintFor(section: string, name: string): string {
  const now = RENAMED.get(`${section}.${name}`);
  if (now !== undefined) return `; its name is ${SETTINGS.get(now)?.name} now`;
  const settings = [...SETTINGS.values()].filter((setting) => setting.section === section);
  const names = settings.map((setting) => setting.name);
  return didYouMean(name, names) || rightSection(name);
}

/** The hint for a setting in the wrong section. */
function rightSection(name: string): string {
  const twin = [...SETTINGS.values()].find((setting) => setting.name === name);
  if (twin === undefined) return "";
  return `; it belongs ${twin.section === null ? "above the sections" : `in [${twin.section}]`}`;
}

function isTable(value: unknown): value is object {
  const prototype: unknown =
    typeof value === "object" && value !== null && Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/**
 * Reads `TQ_MODELS`, `TQ_DATABASE` and `TQ_<SECTION>__<NAME>`. A setting's empty variable counts as not set. Names that
 * are surely meant for tq are refused; all others belong to other programs: Kubernetes sets TQ_PORT for a service tq.
 */
function readEnvironment(draft: Draft, base: string, env: ConfigSources["env"]): void {
  const ours = Object.entries(env).filter(([name]) => name.startsWith("TQ_"));
  if (ours.length === 0) return;
  const byEnv = new Map([...SETTINGS.values()].map((setting) => [setting.env, setting.key]));
  for (const [name, text] of ours) {
    const key = byEnv.get(name) ?? OTHER_ENV.get(name);
    if (key !== undefined) {
      if (text) draft.set(key, fromText(key, text), { where: name, origin: name, base });
    } else if ((name.includes("__") || isMisspelt(name)) && text !== undefined) {
      const hint = OLD_ENV.get(name) ?? didYouMean(name, byEnv.keys());
      draft.problems.push(`${name} is not a setting${hint}`);
    } else if (text) {
      const meant = meantBy(name);
      if (meant.length > 0) draft.problems.push(`${name} is not a setting; ${oneOf(meant)}`);
    }
  }
  refuseTwoValues(draft, base, env);
}

function refuseTwoValues(draft: Draft, base: string, env: ConfigSources["env"]): void {
  for (const [name, key] of OTHER_ENV) {
    const one = env[name];
    const other = envOf(one && isDatabaseUrl(one) ? "database.url" : key);
    const two = env[other];
    if (!one || !two || resolve(base, one) === resolve(base, two)) continue;
    draft.problems.push(`${name} and ${other} are one setting, and differ; unset one of them`);
  }
}

/** The names that somebody means who sets `TQ_QUEUE` (a section, or its flag), or `TQ_THREADS` (a flag). */
function meantBy(name: string): string[] {
  const word = name.slice("TQ_".length).toLowerCase();
  const flag = `--${word.replaceAll("_", "-")}`;
  return [...SETTINGS.values()]
    .filter((setting) => setting.flag === flag || setting.section === word)
    .map(({ env }) => env);
}

function oneOf(names: readonly string[]): string {
  const [first, ...others] = names.map((name) => `"${name}"`);
  const all = others.length === 0 ? first : `one of ${[first, ...others].join(", ")}`;
  return `did you mean ${all}?`;
}

/** The hints for variables of settings that have another name now. */
const OLD_ENV = new Map(
  [...RENAMED].map(([before, now]) => [envOf(before), `; its name is ${envOf(now)} now`]),
);

/** True for a setting's name with one underscore after its section: `TQ_QUEUE_WORKER`. */
function isMisspelt(name: string): boolean {
  return [...SETTINGS.values()].some(({ env }) => env.replace("__", "_") === name);
}

const BOOLEANS = new Map([
  ...["1", "true", "yes", "on"].map((word) => [word, true] as const),
  ...["0", "false", "no", "off"].map((word) => [word, false] as const),
]);

/** The value of a text from the environment or a flag. A text that does not fit stays: the schema refuses it. */
function fromText(key: string, text: unknown): unknown {
  if (typeof text !== "string") return text;
  switch (SETTINGS.get(key)?.kind) {
    case "boolean":
      return BOOLEANS.get(text.trim().toLowerCase()) ?? text;
    case "number":
      return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : text;
    case "list":
      return readList(text);
    case "command":
      return /^\s*\[/.test(text) ? (parsedList(text) ?? text) : text;
    default:
      return text;
  }
}

/** A list written as in tq.toml, or names between commas. An empty one stays text: it would mean all queues. */
function readList(text: string): unknown {
  const list = parsedList(text) ?? text.split(",").filter((name) => name.trim() !== "");
  return list.length === 0 ? text : list;
}

function parsedList(text: string): readonly unknown[] | null {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? (list as unknown[]) : null;
  } catch {
    return null;
  }
}

function namedFile(env: ConfigSources["env"], file: string | undefined) {
  if (file !== undefined) return { path: file, by: "-c" };
  const path = env["TQ_CONFIG"];
  return path ? { path, by: "TQ_CONFIG" } : null;
}
