/** Two workers in different time zones, and a recurring task that names none. */
import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { CLEAN } from "../../src/cron/own.ts";
import { definitionOf } from "../../src/cron/in-force.ts";
import { loadConfig } from "../../src/settings/config.ts";
import { CronSources } from "../../src/worker/cron-sources.ts";
import {
  file,
  folder,
  looks,
  modelsOf,
  NIGHTLY,
  renewSources,
  row,
  said,
  store,
  worker,
} from "./cron-files.ts";

renewSources();

const MIDNIGHT = Date.UTC(2026, 10, 2);

async function nextHour(): Promise<number | null> {
  const found = await row();
  const slot = found === undefined ? null : definitionOf(found).schedule.next(MIDNIGHT + 1);
  return slot === null ? null : (slot - MIDNIGHT) / 3_600_000;
}

test("the second worker keeps to the clock of the first, and says so once", async () => {
  writeFileSync(file, NIGHTLY);
  await worker({ zone: "Europe/Berlin" });
  const second = await worker({ id: "w2", zone: "Asia/Tokyo" });
  await looks(second);
  expect(await nextHour()).toBe(23);
  expect(said).toEqual([
    "recurring tasks without a time_zone follow the clock of Europe/Berlin, as another worker does, and not that of this worker, Asia/Tokyo: give them a time_zone, or all workers one TZ",
  ]);
  await store.unregister("w1");
  await looks(second);
  expect(said.at(-1)).toBe(
    "recurring tasks without a time_zone follow the clock of Asia/Tokyo from now on; it was Europe/Berlin",
  );
  expect((await row())?.zone).toBe("Asia/Tokyo");
});

test("without a recurring task that needs it, a worker tells its zone a second after its start", async () => {
  await store.register({ id: "w1", pid: 1, threads: 1, queues: [] });
  let now = 0;
  const sources = new CronSources({
    id: "w1",
    config: loadConfig({ cwd: folder.path, env: {} }),
    store,
    monotonic: () => now,
    zone: "Asia/Tokyo",
    report: () => {},
  });
  sources.load(modelsOf(null));
  await sources.look();
  expect((await row(CLEAN))?.zone).toBeNull();
  expect(sources.isWaiting).toBe(true);
  now = 1_000;
  await sources.look();
  expect((await row(CLEAN))?.zone).toBe("Asia/Tokyo");
  expect(sources.isWaiting).toBe(false);
});
