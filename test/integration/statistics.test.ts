/** What a worker process leaves of its statistics when it stops, and when it is killed. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { siteWithModels } from "./support/models.ts";
import type { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

interface Sums {
  readonly finished: number;
  readonly failed: number;
  readonly crashed: number;
  readonly runs: number;
}

function sums(site: Site): Sums {
  return site.one<Sums>(
    `SELECT sum(finished) AS finished, sum(failed) AS failed, sum(crashed) AS crashed,
            sum(run_count) AS runs FROM tq_stats`,
  );
}

test("a worker that stops writes the statistics of the minute that is not over, and counts a last crash as a failure", async () => {
  await using site = siteWithModels();
  const worker = await site.worker(["-n", "2"]);
  site.pushKeys(1, 500);
  const failing = await site.pushOne("job", "fail", "7");
  const dying = await site.pushOne("job", "exit", "8");
  await site.becomes(500, "finished");
  await site.becomes(failing, "failed");
  await site.becomes(dying, "failed");
  worker.kill("SIGTERM");
  await worker.exited;
  expect(sums(site)).toEqual({ finished: 500, failed: 2, crashed: 2, runs: 501 });
});

test("two workers that drain one queue count each of its tasks once", async () => {
  await using site = siteWithModels();
  const first = await site.worker(["-n", "2"]);
  const second = await site.worker(["-n", "2"]);
  site.pushKeys(1, 4_000);
  await site.becomes(4_000, "finished");
  for (const worker of [first, second]) worker.kill("SIGTERM");
  await Promise.all([first.exited, second.exited]);
  const { left } = site.one<{ left: number }>(
    "SELECT count(*) AS left FROM tq_tasks WHERE state <> 'finished'",
  );
  expect(sums(site)).toMatchObject({ finished: 4_000 - left });
});

test("a killed worker loses the statistics of its last minute alone, and no run is counted twice", async () => {
  await using site = siteWithModels();
  const stopped = await site.worker(["-n", "1"]);
  site.pushKeys(1, 100);
  await site.becomes(100, "finished");
  stopped.kill("SIGTERM");
  await stopped.exited;
  const killed = await site.worker(["-n", "1"]);
  site.pushKeys(101, 50);
  await site.becomes(150, "finished");
  killed.kill("SIGKILL");
  await killed.exited;
  const { code } = await site.run("worker", "--drain");
  expect(code).toBe(0);
  const { finished } = sums(site);
  expect([100, 150]).toContain(finished); // a minute may have ended meanwhile
});
