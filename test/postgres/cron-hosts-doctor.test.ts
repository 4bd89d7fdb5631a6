/** The findings of the doctor about the files of several hosts. */
import { expect } from "bun:test";
import { sentenceOf } from "../../src/doctor/check.ts";
import { settingsFiles } from "../../src/doctor/checks/settings-files.ts";
import { Examination } from "../../src/doctor/examination.ts";
import { fingerprintsOf } from "../../src/settings/fingerprint.ts";
import { needs } from "../support/needs.ts";
import { makePostgres, type TestPostgres } from "../support/postgres.ts";
import { configOf, DAILY, hostsOf, WEEKLY } from "./cron-hosts.ts";

async function doctorSays({ store, database }: TestPostgres, toml: string): Promise<string[]> {
  const config = configOf(toml, database.url);
  const of = new Examination({ store, config, mode: "worker" });
  return (await settingsFiles.find(of, "doctor")).map(sentenceOf);
}

async function tellSettings({ store, database }: TestPostgres, id: string, toml: string) {
  const config = configOf(toml, database.url);
  const fingerprints = fingerprintsOf(config);
  const version = { files: {}, folders: [] } as never;
  const about = { models: [], version, calls: [], settings: "/shop/tq.toml", fingerprints };
  await store.condition.setAbout(id, about, null);
}

needs("postgres").test(
  "the doctor names the recurring task of which two hosts differ",
  async () => {
    await using made = await makePostgres();
    const { start } = hostsOf(made);
    await start("w1", "shop-1", DAILY);
    await start("w2", "shop-2", DAILY);
    expect(await doctorSays(made, DAILY)).toEqual([]);
    await start("w3", "shop-3", WEEKLY);
    expect(await doctorSays(made, DAILY)).toEqual([
      "The recurring task nightly is in force as shop-1:/etc/tq/tq.toml says, as long as a worker there lives, and shop-3:/etc/tq/tq.toml says another thing of it; give all hosts the same tq.toml, and start their workers anew",
    ]);
  },
);

needs("postgres").test(
  "the doctor compares what the files of hosts say, and not their paths or what is of a host",
  async () => {
    await using made = await makePostgres();
    const { store } = made;
    await store.register({ id: "w1", pid: 7, threads: 1, queues: [] });
    await tellSettings(made, "w1", "[queue]\nmax_size = 9\n[worker]\nthreads = 8\n");
    expect(await doctorSays(made, "[queue]\nmax_size = 9\n[worker]\nthreads = 2\n")).toEqual([]);
    const [said, ...more] = await doctorSays(made, "[queue]\nmax_size = 8\n");
    expect(said).toMatch(
      /^Worker w1 \(pid 7\) on \S+ has other settings in \[queue\], from \/shop\/tq.toml, than this program, from \/etc\/tq\/tq.toml; give all hosts/,
    );
    expect(more).toEqual([]);
  },
);
