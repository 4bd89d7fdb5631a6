/** tq's own recurring task `tq.backup`: a thread of a worker backs the database up. */
import { describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ENVIRONMENT_ORIGIN } from "../../src/cron/ledger.ts";
import { BACKUP } from "../../src/cron/own.ts";
import type { Event } from "../../src/log/events.ts";
import { loadConfig, parseSettings } from "../../src/settings/config.ts";
import { listRecurring } from "../../src/tasks/cron/listed.ts";
import { mergeFiles } from "../../src/tasks/cron/known.ts";
import { Backups } from "../../src/worker/backups.ts";
import { CronSources } from "../../src/worker/cron-sources.ts";
import { errorOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";
import { makeStore, pushOne } from "../support/store.ts";
import { file, folder, looks, renewSources, row, said, store, worker } from "./cron-files.ts";

const ALERT = { key: "command", queues: [], tasks: [] } as const;

function backupsOf(
  subject: ReturnType<typeof makeStore>,
  backup: { readonly folder: string; readonly keep?: number },
) {
  const events: Event[] = [];
  const database = { path: subject.path, min_free_mb: 0 };
  const config = parseSettings({ database, backup }, "the test");
  const report = (event: Event) => void events.push(event);
  return { backups: new Backups({ config, store: subject.store, report }), events };
}

describe("a backup by a worker", () => {
  test("goes into the folder of the settings, which it makes, and as many stay as they say", async () => {
    await using subject = makeStore();
    using place = makeFolder();
    await pushOne(subject.store);
    const into = place.file("far/backups");
    const { backups, events } = backupsOf(subject, { folder: into, keep: 1 });
    const first = backups.run();
    expect(backups.isBusy).toBe(true);
    expect(await first).toMatch(/^wrote .*\/far\/backups\/tq-.*Z\.db with 1 task, .* kB$/);
    expect(backups.isBusy).toBe(false);
    expect(await backups.run()).toMatch(/; deleted 1 older$/);
    const [name = "", ...others] = readdirSync(into);
    expect(others).toEqual([]);
    expect(await subject.store.condition.backups()).toMatchObject({
      made_at: subject.store.now(),
      path: join(into, name),
      failed_at: null,
    });
    expect(events).toMatchObject([
      { name: "log.note", level: "info", message: expect.stringMatching(/^Backed up into /) },
      { name: "log.note" },
    ]);
  });

  test("that fails is told as an alert", async () => {
    await using subject = makeStore();
    using place = makeFolder();
    writeFileSync(place.file("taken"), "a file");
    const { backups } = backupsOf(subject, { folder: place.file("taken") });
    const definitions = [ALERT];
    await subject.store.failures.watch("", definitions);
    const { code, message } = await errorOf(backups.run());
    expect(code).toBe("invalid");
    expect(message).toStartWith(`Cannot make the folder ${place.file("taken")} for backups: `);
    expect(await subject.store.condition.backups()).toMatchObject({
      made_at: null,
      failed_at: subject.store.now(),
      reason: message,
    });
    const take = { worker: "w1", origin: "", definitions, every: 0, limit: 5, channel: ALERT.key };
    expect(await subject.store.failures.take(take)).toMatchObject({
      kind: "alert",
      failures: [{ task: null, reason: `Cannot back up ${subject.path}: ${message}` }],
    });
  });
});

describe("the recurring task of backups", () => {
  renewSources();

  test("is there where tq.toml names a folder, at its times, and goes with it", async () => {
    writeFileSync(file, `[backup]\nfolder = "backups"\n`);
    await worker();
    expect(await row(BACKUP)).toMatchObject({
      origin: file,
      definition: JSON.stringify({ overlap: "skip", schedule: "30 3 * * *", task: BACKUP }),
    });
    await store.unregister("w1");
    writeFileSync(file, "");
    await worker({ id: "w2" });
    expect(await row(BACKUP)).toMatchObject({ removedAt: store.now() });
  });

  test("takes other times from its section, key by key", async () => {
    writeFileSync(
      file,
      `[backup]\nfolder = "backups"\nschedule = "@weekly"\n[cron."tq.backup"]\ntime_zone = "Asia/Tokyo"\n`,
    );
    const sources = await worker();
    expect(await row(BACKUP)).toMatchObject({
      definition: JSON.stringify({
        overlap: "skip",
        schedule: "@weekly",
        task: BACKUP,
        time_zone: "Asia/Tokyo",
      }),
    });
    await looks(sources);
    expect(said).toEqual([]);
  });

  test("is of the environment where that names the folder, and no other worker takes it away", async () => {
    writeFileSync(file, "");
    const env = { TQ_BACKUP__FOLDER: folder.file("backups") };
    const config = loadConfig({ cwd: folder.path, env, file });
    await store.register({ id: "w1", pid: 1, threads: 1, queues: [] });
    const sources = new CronSources({ id: "w1", config, store, zone: "UTC", report: () => {} });
    sources.load({ catalog: {}, crons: [] });
    await sources.look();
    await worker({ id: "w2" });
    await sources.look();
    expect(await row(BACKUP)).toMatchObject({ origin: ENVIRONMENT_ORIGIN, removedAt: null });
    await store.unregister("w1");
    await worker({ id: "w3" });
    expect(await row(BACKUP)).toMatchObject({ removedAt: store.now() });
  });

  test("is listed before a worker has started", async () => {
    writeFileSync(file, `[backup]\nfolder = "backups"\n`);
    const files = mergeFiles([], loadConfig({ cwd: folder.path, env: {}, file }));
    expect(await listRecurring(store, files, () => {})).toMatchObject([
      { name: BACKUP, origin: file, in_database: false },
    ]);
  });
});
