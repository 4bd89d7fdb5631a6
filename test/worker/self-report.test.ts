import { expect, test } from "bun:test";
import { parseSettings } from "../../src/settings/config.ts";
import type { ConditionStore } from "../../src/store/condition.ts";
import { SelfReport } from "../../src/worker/self-report.ts";

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
