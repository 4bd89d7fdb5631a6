import { expect, test } from "bun:test";
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TqError } from "../../src/errors.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { ConditionStore } from "../../src/store/condition.ts";
import type { Loaded } from "../../src/worker/messages.ts";
import { SelfReport } from "../../src/worker/self-report.ts";
import { makeFolder } from "../support/folder.ts";

const THREADS = 2;

test("a worker says how many of its threads are ready in their order, though a store may not keep it", async () => {
  const begun: number[] = [];
  const first = Promise.withResolvers<void>();
  const last = Promise.withResolvers<void>();
  const condition = {
    async setThreads(_worker: string, ready: number): Promise<void> {
      begun.push(ready);
      if (ready === THREADS) last.resolve();
      else await first.promise;
    },
  } as unknown as ConditionStore;
  const config = parseSettings({ worker: { threads: THREADS } }, "test");
  const present = { trouble: null, ready: 1 };
  const report = new SelfReport(
    { id: "w", store: { condition }, config, models: [] },
    () => present,
  );
  report.registered();
  report.check();
  present.ready = THREADS;
  report.check();
  await new Promise(setImmediate);
  expect(begun).toEqual([1]);
  first.resolve();
  await last.promise;
  expect(begun).toEqual([1, THREADS]);
});

test("after a refused load a worker tells when the models were changed that it runs, not those on the disk", async () => {
  using folder = makeFolder();
  const file = join(folder.path, "models.ts");
  const told: (number | null)[] = [];
  const condition = {
    setAbout: async (_worker: string, _about: unknown, at: number | null) => void told.push(at),
    setThreads: async () => {},
  } as unknown as ConditionStore;
  const config = parseSettings({ worker: { threads: THREADS } }, "test");
  const of = { id: "w", store: { condition }, config, models: [file] };
  const report = new SelfReport(of, () => ({ trouble: null, ready: THREADS }));
  const change = (text: string, seconds: number) => {
    writeFileSync(file, text);
    utimesSync(file, seconds, seconds);
  };
  const load = (version: string) =>
    report.loaded({
      catalog: {},
      version: { entries: [file], files: { [file]: version } },
    } as unknown as Loaded);
  report.registered();
  change("1", 1_000);
  load("1");
  change("{", 2_000);
  report.refused(new TqError("invalid", "no models"));
  change("2", 3_000);
  load("2");
  expect(told).toEqual([1_000_000, 1_000_000, 3_000_000]);
});
