/** All settings in effect, with the rules for tasks and the recurring tasks of tq.toml: for people and programs to read. */
import { KEY_HELP } from "../cron/key-help.ts";
import type { CronText } from "../cron/ledger.ts";
import { shownCall } from "../cron/shown-call.ts";
import type { Redaction } from "../redaction/redaction.ts";
import { fieldOf, POLICIES, POLICY_KEYS, type PolicyRow } from "../policies/table.ts";
import { listConfig } from "./config.ts";
import { sectionWords } from "./cron-sections.ts";
import type { Config } from "./draft.ts";
import { shownUrl } from "./kinds.ts";
import { formatSetting, shownSetting } from "./table.ts";
import type { TaskRules } from "./task-rules.ts";
import type { WebhookSettings } from "./webhook-sections.ts";

export interface ListedSetting {
  /** As tq.toml would write it: `queue.worker`, `tasks."sale.process".timeout`. */
  readonly key: string;
  /** Without its secrets, as the next one. */
  readonly value: unknown;
  readonly words: string;
  /** "default", "tq.toml", the environment variable or the flag. */
  readonly origin: string;
  /** The environment variable that would say it; null: none does. */
  readonly env: string | null;
  readonly description: string;
}

/** Rules for tasks, and recurring tasks, stand in this file alone. */
export const TOML = "tq.toml";

const OF_TOML = { origin: TOML, env: null } as const;

/** @param redaction what is secret in the calls of recurring tasks */
export function listSettings(config: Config, redaction: Redaction): ListedSetting[] {
  const settings = listConfig(config).map(({ setting, value, origin }) => ({
    key: setting.key,
    value: shownSetting(setting, value),
    words: formatSetting(setting, value),
    origin,
    env: setting.env,
    description: setting.description,
  }));
  return [
    ...settings,
    ...config.tasks.flatMap(listRules),
    ...config.cron.flatMap((one) => listCron(one, redaction)),
    ...config.webhooks.flatMap((webhook, at) => listWebhook(webhook, at + 1)),
  ];
}

/** The policies of one section `[tasks."…"]`. */
function listRules({ pattern, said }: TaskRules): ListedSetting[] {
  return POLICY_KEYS.filter((key) => key in said).map((key) => {
    const row = POLICIES[key] as PolicyRow<unknown>;
    const value = said[key];
    const name = `tasks.${JSON.stringify(pattern)}.${fieldOf(key)}`;
    return {
      key: name,
      value: row.toJson(value) ?? value,
      words: row.words(value),
      ...OF_TOML,
      description: row.help,
    };
  });
}

/** The keys of one section `[cron.name]`. */
function listCron({ name, definition }: CronText, redaction: Redaction): ListedSetting[] {
  const section = sectionWords(name).slice(1, -1);
  const said = JSON.parse(definition) as Readonly<Record<string, unknown>>;
  return Object.entries(shownCall(said, redaction)).map(([key, value]) => ({
    key: `${section}.${key}`,
    value,
    words: typeof value === "string" ? value : JSON.stringify(value),
    ...OF_TOML,
    description: helpOf(key),
  }));
}

/** The keys of one section `[[webhook]]`: sections of that kind have a number, as errors say it. */
function listWebhook(webhook: WebhookSettings, number: number): ListedSetting[] {
  const { target, url, events, queues, tasks, includesArgs, secretFile } = webhook;
  const rows: readonly (readonly [string, unknown, string])[] = [
    ["name", target, "Its name in the database: the hash of its URL, where it has none"],
    ["url", shownUrl(url), "Where it goes"],
    ["events", events, "The ends that it tells"],
    ["queues", queues, "Names and patterns of queues; none: all"],
    ["tasks", tasks, "Names and patterns of methods and functions; none: all"],
    ["include", includesArgs ? ["args"] : [], "What it tells besides"],
    secretFile === null
      ? ["secret", "…", "What signs; it is not shown"]
      : ["secret_file", secretFile, "The file with what signs"],
  ];
  return rows.map(([key, value, description]) => ({
    key: `webhook.${number}.${key}`,
    value,
    words: Array.isArray(value) ? value.join(", ") || PRESETS[key] || "none" : String(value),
    ...OF_TOML,
    description,
  }));
}

/** The words for empty lists. */
const PRESETS: Readonly<Record<string, string>> = { queues: "all", tasks: "all" };

function helpOf(field: string): string {
  const [, { help } = { help: "" }] =
    Object.entries(KEY_HELP).find(([key]) => fieldOf(key) === field) ?? [];
  return help;
}
