/** Two, five and ten worker processes on one database: each effect once, each has its share, and little when idle. */
import { readFileSync } from "node:fs";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { onSqlite } from "../support/tested-store.ts";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import type { Running } from "./support/running.ts";
import type { Site } from "./support/site.ts";

setDefaultTimeout(60_000);

const TASKS = 5_000;

/** The tasks are pushed in so many transactions. */
const PARTS = 10;

function startWorkers(site: Site, count: number): Promise<Running[]> {
  const env = { TQ_LOG__LEVEL: "info" };
  return Promise.all(Array.from({ length: count }, () => site.worker(["-n", "2"], { env })));
}

function finished(site: Site): number {
  return site.one<{ count: number }>(
    "SELECT count(*) AS count FROM tq_tasks WHERE state = 'finished'",
  ).count;
}

/** Pushes all tasks while the workers run them; `between` is called after each transaction. */
async function drain(site: Site, between: (part: number) => Promise<void>): Promise<void> {
  for (let part = 0; part < PARTS; part++) {
    site.pushKeys((part * TASKS) / PARTS + 1, TASKS / PARTS);
    await between(part);
  }
  await eventually("all are finished", () => finished(site) === TASKS, 30_000);
}

function expectOnce(site: Site): void {
  const effects = site.effects();
  expect(effects.size).toBe(TASKS);
  expect([...effects.values()].every((times) => times === 1)).toBe(true);
}

function troubles(worker: Running, ...usual: string[]): string[] {
  const expected = new Set(usual);
  return worker.log
    .filter(({ level, event }) => level !== "info" && !expected.has(event))
    .map(({ message }) => message);
}

describe("workers on one database", () => {
  for (const count of [2, 5, 10]) {
    onSqlite("the next test says more").test(
      `${count} share the tasks, and run each once`,
      async () => {
        await using site = siteWithModels();
        const workers = await startWorkers(site, count);
        await drain(site, async () => {});
        expectOnce(site);
        expect(site.all("SELECT id FROM tq_tasks WHERE attempts <> 1 OR crashes <> 0")).toEqual([]);
        for (const worker of workers) {
          await worker.says("task.finished");
          expect(troubles(worker)).toEqual([]);
        }
      },
    );
  }

  test("run each task once although some of them are killed", async () => {
    await using site = siteWithModels();
    const workers = await startWorkers(site, 5);
    const killed = workers.slice(0, 3);
    await drain(site, async (part) => {
      const victim = killed[part - 1];
      if (!victim) return;
      await eventually("some more are finished", () => finished(site) > part * 100);
      victim.kill("SIGKILL");
    });
    // A suspect whose next worker is killed too counts a crash: three kills set none aside.
    expectOnce(site);
    for (const worker of workers.slice(3)) {
      expect(troubles(worker, "worker.rescued", "task.crashed")).toEqual([]);
    }
    await eventually("the dead are signed off", () => {
      return site.all("SELECT id FROM tq_workers").length === workers.length - killed.length;
    });
  });

  onSqlite("test/postgres/idle.test.ts counts what they ask a server").test(
    "cost little when there is nothing to do",
    async () => {
      await using site = siteWithModels();
      const workers = await startWorkers(site, 10);
      await site.becomes(await site.pushOne("job", "add", "1"), "finished");
      const pass = async (seconds: string) =>
        expect((await site.spawn(["sleep", seconds]).ended()).code).toBe(0);
      await pass("2"); // a worker collects garbage and finds its time zone once it is idle
      const before = cpuTimes(workers);
      await pass("3");
      expect(cpuTimes(workers) - before).toBeLessThan(1_500); // one that spins takes 3,000
    },
  );
});

/** ms that these processes have used of a core. */
function cpuTimes(workers: readonly Running[]): number {
  return workers.reduce((sum, { pid }) => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);
}
