/** Workers of several hosts whose tq.toml stand at the same path. */
import { writeFileSync } from "node:fs";
import type { CronRow } from "../../src/cron/ledger.ts";
import { type Config, loadConfig } from "../../src/settings/config.ts";
import { CronSources } from "../../src/worker/cron-sources.ts";
import type { CronModels } from "../../src/worker/messages.ts";
import { makeFolder } from "../support/folder.ts";
import { type TestPostgres } from "../support/postgres.ts";

export const DAILY = `[cron.nightly]\nschedule = "@daily"\ntask = "night.run"\n`;
export const WEEKLY = DAILY.replace("@daily", "@weekly");
export const MODELS: CronModels = { catalog: { night: ["run"] }, crons: [] };
export const FILE = "/etc/tq/tq.toml";

export interface Hosts {
  readonly said: string[];
  /** A worker that has started on that host with this as its file. */
  readonly start: (id: string, host: string, toml: string) => Promise<CronSources>;
  readonly row: (name?: string) => Promise<CronRow | undefined>;
}

export function hostsOf({ store, database }: TestPostgres): Hosts {
  const said: string[] = [];
  let monotonic = 0;
  return {
    said,
    async start(id, host, toml) {
      await store.register({ id, pid: 1, threads: 1, queues: [] });
      const sources = new CronSources({
        id,
        host,
        store,
        zone: "UTC",
        config: configOf(toml, database.url),
        monotonic: () => (monotonic += 100),
        report: (event) => event.name === "log.note" && said.push(event.message),
      });
      sources.load(MODELS);
      for (let look = 0; look < 3; look++) await sources.look();
      return sources;
    },
    row: async (name = "nightly") => (await store.cron.rows()).find((one) => one.name === name),
  };
}

/** The settings of a host with this as its file. */
export function configOf(toml: string, url: string): Config {
  using folder = makeFolder();
  const at = folder.file("tq.toml");
  writeFileSync(at, toml);
  const flags = { "database.url": url };
  return { ...loadConfig({ cwd: folder.path, env: {}, file: at, flags }), file: FILE };
}
