/** A file system that is mounted read-only, and a folder that becomes read-only under a running worker. */
import { chmodSync } from "node:fs";
import { expect, setDefaultTimeout } from "bun:test";
import { needs } from "../../support/needs.ts";
import { OBEYING } from "../../support/tools.ts";
import { MODELS, siteWithModels } from "../support/models.ts";
import { Site, TQ } from "../support/site.ts";
import { smallDisk } from "./machine.ts";
import { expectEachOnce } from "./steps.ts";

setDefaultTimeout(60_000);

const ROOMY = { env: { TQ_DATABASE__MIN_FREE_MB: "0" } };

const message = (site: Site) =>
  `Cannot write to ${site.file("tq.db")}: its file system is mounted read-only`;

function remount(site: Site, how: "ro" | "rw"): void {
  const { exitCode, stderr } = Bun.spawnSync(["mount", "-o", `remount,${how}`, site.path]);
  if (exitCode !== 0) throw new Error(stderr.toString());
}

needs("mount").test(
  "a read-only file system: its tasks can be listed, what writes is refused, and all run when it is writable",
  async () => {
    await using site = new Site();
    using _disk = smallDisk(site);
    site.write("models.ts", MODELS);
    const tq = (...args: string[]) => site.start(args, ROOMY).ended();
    expect(await tq("push", "job", "add", "1")).toMatchObject({ code: 0 });

    remount(site, "ro");
    expect(await tq("list")).toMatchObject({ code: 0, stdout: expect.stringContaining("job.add") });
    expect(await tq("show", "1")).toMatchObject({ code: 0 });
    expect(await tq("status")).toMatchObject({ code: 1, stderr: "" });
    for (const command of [["push", "job", "add", "2"], ["cancel", "1"], ["worker"], ["serve"]]) {
      const { code, stderr } = await tq(...command);
      expect(stderr).toContain(message(site));
      expect(code).toBe(6);
    }

    remount(site, "rw");
    expect(await tq("push", "job", "add", "3")).toMatchObject({ code: 0 });
    expect(await tq("worker", "--drain")).toMatchObject({ code: 0 });
    expectEachOnce(site, [1, 3]);
  },
);

needs("setpriv").test(
  "a worker whose folder becomes read-only goes on, and stops; others take over once it is writable",
  async () => {
    await using site = siteWithModels();
    const tq = (...args: string[]) => site.spawn([...OBEYING, TQ, ...args]);
    const worker = tq("worker", "-n", "2");
    await worker.says("worker.started");
    const running = await site.pushOne("job", "linger", "1");
    await worker.says("task.started", { task: running });

    for (const folder of [site.file("tq.db-workers"), site.path]) chmodSync(folder, 0o555);
    try {
      const pushed = await tq("push", "job", "add", "2").ended();
      expect(pushed).toMatchObject({ code: 0, stdout: `${running + 1}\n` });
      await worker.says("task.finished", { task: running + 1 });
      const second = await tq("worker", "-n", "1").ended();
      expect(second.code).toBe(6);
      expect(second.stderr).toMatch(/Cannot .*tq\.db-workers.*(?:permission|EACCES)/);
      const crash = await site.pushOne("job", "exit", "3", "--args", "[7]"); // new threads follow
      await site.becomes(crash, "failed");
      worker.kill("SIGTERM");
      await worker.says("worker.stopping");
    } finally {
      for (const folder of [site.path, site.file("tq.db-workers")]) chmodSync(folder, 0o755);
    }
    site.write("go", "");
    expect((await worker.ended()).code).toBe(0);
    expect((await tq("push", "job", "add", "4").ended()).code).toBe(0);
    expect((await tq("worker", "--drain").ended()).code).toBe(0);
    expectEachOnce(site, [1, 2, 4]);
  },
);
