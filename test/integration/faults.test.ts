/**
 * Faults of the machine under a running worker: each has its sentence, loses nothing that was acknowledged,
 * and work goes on by itself when the cause is gone, or the worker ends with a status that the README has.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Disk, limitedDisk, mayMount, smallDisk } from "./faults-support.ts";
import { eventually, MODELS, type Running, Site, TQ } from "./support.ts";

setDefaultTimeout(60_000);

const ROOMY = { TQ_DATABASE__MIN_FREE_MB: "0" };

/** A worker, a push and the like on this disk. */
function startOn(
  disk: Disk,
  site: Site,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  return site.spawn([...disk.prefix, TQ, ...args], { env: { ...ROOMY, ...env } });
}

async function workerOn(disk: Disk, site: Site, ...args: string[]): Promise<Running> {
  const worker = startOn(disk, site, ["worker", ...args]);
  await worker.says("worker.started");
  return worker;
}

/** Where that nothing happens is the subject. */
async function longEnough(seconds = 1): Promise<void> {
  await Bun.sleep(seconds * 1000);
}

function expectEachOnce(site: Site, keys: readonly number[]): void {
  expect([...site.effects()]).toEqual(keys.map((key) => [key, 1]));
}

const because = mayMount() ? "" : ", skipped because this machine lets us mount no file system";

describe.each([
  ["that takes no more writes", limitedDisk, false],
  [`that is full${because}`, smallDisk, because !== ""],
] as const)("a disk %s", (_name, make, skipped) => {
  const on = (name: string, run: (site: Site, disk: Disk) => Promise<void>) =>
    test.skipIf(skipped)(name, async () => {
      await using site = new Site();
      using disk = make(site);
      site.write("models.ts", MODELS);
      await run(site, disk);
    });

  on(
    "refuses pushes with a sentence, keeps what it took, and takes more when it can",
    async (site, disk) => {
      const push = (key: number) =>
        startOn(disk, site, [
          "push",
          "job",
          "add",
          `${key}`,
          "--args",
          JSON.stringify(["x".repeat(30_000)]),
        ]).ended();
      const taken: number[] = [];
      for (const key of [1, 2, 3]) taken.push(Number((await push(key)).stdout));
      disk.refuse();
      const refused = await push(4);
      expect(refused).toMatchObject({ code: disk.code, stdout: "" });
      expect(refused.stderr).toContain(disk.message);
      disk.accept();
      expect(site.all<{ id: number }>("SELECT id FROM tq_tasks").map(({ id }) => id)).toEqual(
        taken,
      );
      expect((await push(5)).code).toBe(0);
      expect((await workerOn(disk, site, "-n", "2", "--drain").then((it) => it.ended())).code).toBe(
        0,
      );
      expectEachOnce(site, [1, 2, 3, 5]);
    },
  );

  on(
    "holds up what runs and what waits, says it once, and all is run when it can be",
    async (site, disk) => {
      const worker = await workerOn(disk, site, "-n", "2");
      const running = await site.pushOne("job", "linger", "1");
      await worker.says("task.started", { task: running });
      worker.kill("SIGSTOP");
      const waiting = [2, 3, 4, 5, 6];
      for (const key of waiting) await site.pushOne("job", "add", `${key}`);
      disk.refuse(worker.pid);
      site.write("go", "");
      worker.kill("SIGCONT");
      await worker.says("store.failed");
      await longEnough(); // for a dozen tries
      expect(worker.count("store.failed")).toBeLessThanOrEqual(2); // one a thread
      expect(worker.find("store.failed")?.message).toContain(disk.message);
      expect(worker.find("store.recovered")).toBeUndefined();
      expect(worker.find("task.finished")).toBeUndefined();
      disk.accept(worker.pid);
      for (const id of [running, ...waiting]) await site.becomes(id, "finished");
      await worker.says("store.recovered");
      expectEachOnce(site, [1, ...waiting]);
      expect(site.task(running)).toMatchObject({ attempts: 1, crashes: 0 });
    },
  );

  on("is no fault of the task that meets it: it is tried again", async (site, disk) => {
    const worker = await workerOn(disk, site, "-n", "1");
    const id = await site.pushOne("job", "commitWhen", "1");
    await worker.says("task.started", { task: id });
    disk.refuse(worker.pid);
    site.write("go", "");
    await eventually("its commit was refused", () => site.has("refused"));
    disk.accept(worker.pid);
    site.write("went", "");
    await site.becomes(id, "finished");
    expectEachOnce(site, [1]);
  });

  on("ends a worker that starts on it with a sentence", async (site, disk) => {
    const id = Number((await startOn(disk, site, ["push", "job", "add", "1"]).ended()).stdout);
    disk.refuse();
    const { code, stderr } = await startOn(disk, site, ["worker"]).ended();
    expect(stderr).toContain(disk.message);
    expect(code).toBe(disk.code);
    disk.accept();
    const worker = await workerOn(disk, site, "--drain");
    expect((await worker.ended()).code).toBe(0);
    expect(site.task(id)).toMatchObject({ state: "finished", crashes: 0 });
  });
});
