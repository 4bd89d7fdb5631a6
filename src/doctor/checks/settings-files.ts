/** The programs of one database read one tq.toml. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { realFile } from "../../registry/model-files.ts";
import { capital, type Check, type Found } from "../check.ts";
import { originWords, placeOf, SAME_EVERYWHERE } from "../../cron/origin.ts";
import { listed } from "../../cron/words.ts";
import { fingerprintsOf } from "../../settings/fingerprint.ts";
import { type Examination, named } from "../examination.ts";

export const settingsFiles: Check = {
  name: "two_settings_files",
  subject: "all programs have the same settings",
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
    if (store.traits.isServer) return [...found, ...(await differingHosts(of))];
    const abouts = await of.abouts();
    for (const worker of await of.live()) {
      const settings = abouts.get(worker.id)?.settings;
      if (settings === undefined || isSame(settings, own)) continue;
      const message = `The settings of ${named(worker)} come from ${fileWords(settings)}, and ${read}`;
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

/** Of many hosts each has a file of its own, at any path: what it says counts. */
async function differingHosts(of: Examination): Promise<Found[]> {
  const { config, store } = of.health;
  const own = fingerprintsOf(config);
  const abouts = await of.abouts();
  const workers = (await of.live()).flatMap((worker) => {
    const { settings = null, fingerprints } = abouts.get(worker.id) ?? {};
    const sections = Object.keys(own).filter((key) => fingerprints?.[key] !== own[key]);
    if (fingerprints === undefined || sections.length === 0) return [];
    const which = listed(sections.map((section) => `[${section}]`));
    return `${named(worker)} on ${worker.host} has other settings in ${which}, from ${fileWords(settings)}, than this program, from ${fileWords(config.file)}`;
  });
  const tasks = (await store.cron.rows())
    .filter(({ others, removedAt }) => others.length > 0 && removedAt === null)
    .map((row) => {
      const { name, origin, others } = row;
      const rest = `${listed(others)} ${others.length === 1 ? "says" : "say"} another thing of it`;
      return placeOf(origin).host === null
        ? `The recurring task ${name} is in force as ${originWords(row)} says, and ${rest}`
        : `The recurring task ${name} is in force as ${origin} says, as long as a worker there lives, and ${rest}`;
    });
  return [...workers, ...tasks].map((message) => ({
    message: capital(message),
    advice: SAME_EVERYWHERE,
  }));
}

function fileWords(file: string | null): string {
  return file ?? "no tq.toml";
}
