/** A disk that takes no more writes, is full, or refuses to flush, under a running worker. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../../support/needs.ts";
import { type Disk, limitedDisk, smallDisk } from "./machine.ts";
import { eventually } from "../support/eventually.ts";
import { MODELS, siteWithModels } from "../support/models.ts";
import { Site, TQ } from "../support/site.ts";
import { expectEachOnce, longEnough, startOn, workerOn } from "./steps.ts";

setDefaultTimeout(60_000);

describe.each([
  ["that takes no more writes", limitedDisk, needs("prlimit")],
  ["that is full", smallDisk, needs("mount")],
] as const)("a disk %s", (_name, make, needed) => {
  const on = (name: string, run: (site: Site, disk: Disk) => Promise<void>) =>
    needed.test(name, async () => {
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
      await site.pauseUnlocked(worker);
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

needs("strace").describe("a disk that refuses to flush", () => {
  /** The first flushes of each thread work, the later ones do not. */
  const INJECT = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e"];
  const message = (site: Site) =>
    `Cannot flush ${site.file("tq.db-wal")}: Error: EIO: i/o error, fdatasync; the last commits may be lost; check the disk, then start again`;

  test("acknowledges no push from then on", async () => {
    await using site = siteWithModels();
    site.write(
      "pusher.ts",
      `import { push } from "tq";
      for (let n = 1; n <= 4; n++) {
        const pushed = push({ model: "job", method: "add", instances: n });
        console.log(await pushed.then(() => "acknowledged", ({ code, message }) => \`${"$"}{code} ${"$"}{message}\`));
      }`,
    );
    const env = { TQ_QUEUE__WORKER: "true" };
    const inject = [...INJECT, "inject=fdatasync:error=EIO:when=3"];
    const { stdout } = await site.spawn([...inject, TQ, "run", "pusher.ts"], { env }).ended();
    const [first, second, ...rest] = stdout.trim().split("\n");
    expect([first, second]).toEqual(["acknowledged", "acknowledged"]);
    // The first was committed before its flush failed; the second is not tried.
    expect(rest).toEqual([
      expect.stringMatching(/^uncertain Cannot say whether the change is stored: .*EIO/),
      `database ${message(site)}`,
    ]);
  });

  test("acknowledges no push where it refuses only the folder with the name of the log", async () => {
    await using site = siteWithModels();
    const inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", site.path];
    const all = [...inject, "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"];
    const { code, stdout, stderr } = await site
      .spawn([...all, TQ, "push", "job", "add", "1"])
      .ended();
    expect({ code, stdout }).toEqual({ code: 10, stdout: "" });
    expect(stderr).toContain("Error: EIO: i/o error, fsync");
  });

  test("ends the worker, and a new one does what was not done, once", async () => {
    await using site = siteWithModels();
    const keys = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const key of keys) await site.pushOne("job", "add", `${key}`);
    const inject = [...INJECT, "inject=fdatasync:error=EIO:when=5+"];
    const { code, stderr } = await site.spawn([...inject, TQ, "worker", "-n", "2"]).ended();
    expect(code).toBe(6);
    expect(stderr).toContain(message(site));
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expectEachOnce(site, keys);
  });
});
