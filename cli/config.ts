/** `tq config`: the settings in effect, and the source of each. */
import { KEY_HELP } from "../src/cron/key-help.ts";
import type { CronText } from "../src/cron/ledger.ts";
import { fieldOf, POLICIES, POLICY_KEYS, type PolicyRow } from "../src/policies/table.ts";
import { sectionWords } from "../src/settings/cron-sections.ts";
import { listConfig } from "../src/settings/config.ts";
import { formatSetting, shownSetting } from "../src/settings/table.ts";
import type { TaskRules } from "../src/settings/task-rules.ts";
import { command } from "./command/command.ts";
import { table } from "./terminal/table.ts";
import { paint } from "./terminal/terminal.ts";

export const config = command({
  name: "config",
  description: "Show the settings in effect and where each came from",
  flags: {},
  run: async (_values, program) => {
    const found = program.config();
    const settings = listConfig(found);
    const rules = [...found.tasks.flatMap(listRules), ...found.cron.flatMap(listCron)];
    const data = settings.map(({ setting, value, origin }) => {
      const { key, env, description } = setting;
      return { key, value: shownSetting(setting, value), origin, env, description };
    });
    const ofTasks = rules.map(({ key, value, description }) => {
      return { key, value, origin: TOML, env: null, description };
    });
    program.answer([...data, ...ofTasks], () => {
      const file = found.file ?? TOML;
      const rows = settings.map(({ setting, value, origin }) => [
        setting.key,
        formatSetting(setting, value),
        origin === TOML ? file : origin,
      ]);
      for (const { key, words } of rules) rows.push([key, words, file]);
      const heading = (line: string): string => paint(program.terminal, "bold", line);
      return table(COLUMNS, rows, { width: null, heading }); // a path that is cut is of no use
    });
  },
});

/** Rules for tasks, and recurring tasks, stand in this file alone. */
const TOML = "tq.toml";

interface ListedRule {
  /** As tq.toml would write it: `tasks."sale.process".timeout`. */
  readonly key: string;
  readonly value: unknown;
  readonly words: string;
  readonly description: string;
}

/** The policies of one section `[tasks."…"]`. */
function listRules({ pattern, said }: TaskRules): ListedRule[] {
  return POLICY_KEYS.filter((key) => key in said).map((key) => {
    const row = POLICIES[key] as PolicyRow<unknown>;
    const value = said[key];
    const name = `tasks.${JSON.stringify(pattern)}.${fieldOf(key)}`;
    return {
      key: name,
      value: row.toJson(value) ?? value,
      words: row.words(value),
      description: row.help,
    };
  });
}

/** The keys of one section `[cron.name]`. */
function listCron({ name, definition }: CronText): ListedRule[] {
  const section = sectionWords(name).slice(1, -1);
  return Object.entries(JSON.parse(definition) as Record<string, unknown>).map(([key, value]) => ({
    key: `${section}.${key}`,
    value,
    words: typeof value === "string" ? value : JSON.stringify(value),
    description: helpOf(key),
  }));
}

function helpOf(field: string): string {
  const [, { help } = { help: "" }] =
    Object.entries(KEY_HELP).find(([key]) => fieldOf(key) === field) ?? [];
  return help;
}

const COLUMNS = [{ title: "setting" }, { title: "value" }, { title: "from" }] as const;
