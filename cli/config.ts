/** `tq config`: the settings in effect, and the source of each. */
import { listConfig } from "../src/settings/config.ts";
import { formatSetting } from "../src/settings/table.ts";
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
    const data = settings.map(({ setting, value, origin }) => {
      const { key, env, description } = setting;
      return { key, value, origin, env, description };
    });
    program.answer(data, () => {
      const rows = settings.map(({ setting, value, origin }) => [
        setting.key,
        formatSetting(setting, value),
        origin === "tq.toml" ? (found.file ?? origin) : origin,
      ]);
      const heading = (line: string): string => paint(program.terminal, "bold", line);
      return table(COLUMNS, rows, { width: null, heading }); // a path that is cut is of no use
    });
  },
});

const COLUMNS = [{ title: "setting" }, { title: "value" }, { title: "from" }] as const;
