/** The programs of one database read one tq.toml. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { realFile } from "../../registry/model-files.ts";
import type { Check, Found } from "../check.ts";
import { named } from "../examination.ts";

export const settingsFiles: Check = {
  name: "two_settings_files",
  subject: "all programs read one settings file",
  looks: ["doctor"],
  async find(of) {
    const { config, store } = of.health;
    const own = config.file;
    const read = own === null ? "this program has read no tq.toml" : `this program has read ${own}`;
    const advice = "name one file for all, with -c or TQ_CONFIG";
    const found: Found[] = [];
    const beside = join(store.folder, "tq.toml");
    if (!isSame(beside, own) && existsSync(beside)) {
      found.push({ message: `${beside} lies beside the database, and ${read}`, advice });
    }
    const abouts = await of.abouts();
    for (const worker of await of.live()) {
      const settings = abouts.get(worker.id)?.settings;
      if (settings === undefined || isSame(settings, own)) continue;
      const other = settings === null ? "no tq.toml" : settings;
      const message = `The settings of ${named(worker)} come from ${other}, and ${read}`;
      found.push({ message, advice });
    }
    return found;
  },
  fact: async ({ health: { config } }) => config.file ?? "no tq.toml",
};

/** One may be named by a link. */
function isSame(one: string | null, other: string | null): boolean {
  return one === other || (one !== null && other !== null && realFile(one) === realFile(other));
}
