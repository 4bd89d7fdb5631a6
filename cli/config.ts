/** `tq config`: the settings in effect, and the source of each. */
import { isTqError } from "../src/errors.ts";
import { Redaction } from "../src/redaction/redaction.ts";
import type { Config } from "../src/settings/config.ts";
import { listSettings, TOML } from "../src/settings/listed.ts";
import { command } from "./command/command.ts";
import { toLook } from "./command/program.ts";
import { table } from "./terminal/table.ts";
import { paint } from "./terminal/terminal.ts";

export const config = command({
  name: "config",
  description: "Show the settings in effect and where each came from",
  flags: {},
  run: async (_values, program) => {
    const found = program.config();
    const settings = listSettings(found, await redactionFor(found));
    const data = settings.map(({ key, value, origin, env, description }) => {
      return { key, value, origin, env, description };
    });
    program.answer(data, () => {
      const file = found.file ?? TOML;
      const rows = settings.map(({ key, words, origin }) => [
        key,
        words,
        origin === TOML ? file : origin,
      ]);
      const heading = (line: string): string => paint(program.terminal, "bold", line);
      return table(COLUMNS, rows, { width: null, heading }); // a path that is cut is of no use
    });
  },
});

/** The database knows what models mark. It need not be there. */
async function redactionFor(config: Config): Promise<Redaction> {
  const ofToml = new Redaction(
    config.admin.redact,
    () => null,
    () => true,
  );
  try {
    return await toLook(config, async (store) => store.redactions.inForce());
  } catch (error) {
    if (!isTqError(error)) throw error;
    return ofToml;
  }
}

const COLUMNS = [{ title: "setting" }, { title: "value" }, { title: "from" }] as const;
