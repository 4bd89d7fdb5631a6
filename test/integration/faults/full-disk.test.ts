/** A disk without any room, and no floor in the settings: all that tell of health see it. */
import { expect, setDefaultTimeout } from "bun:test";
import { needs } from "../../support/needs.ts";
import { eventually } from "../support/eventually.ts";
import { MODELS } from "../support/models.ts";
import { Site } from "../support/site.ts";
import { smallDisk } from "./machine.ts";

setDefaultTimeout(60_000);

needs("mount").test(
  "a full disk is told by /healthz, /readyz and tq status, and no more once there is room",
  async () => {
    await using site = new Site();
    using disk = smallDisk(site);
    site.write("models.ts", MODELS);
    site.write("tq.toml", "[database]\nmin_free_mb = 0\n[queue]\nworker = true\n");
    const worker = await site.worker(["-n", "1", "--admin", "--listen", "127.0.0.1:0"]);
    const { url } = await worker.says("admin.listening");
    await worker.says("worker.started");
    const ask = async (path: string) => fetch(`${String(url)}${path}`);
    await eventually("it is ready", async () => (await ask("/readyz")).status === 200);
    disk.refuse();
    expect((await ask("/healthz")).status).toBe(503);
    const ready = await ask("/readyz");
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { reasons: ["pushes_refused"] },
    ]);
    const status = await site.run("status");
    expect(status).toMatchObject({ code: 1, stdout: expect.stringContaining(disk.message) });
    disk.accept();
    expect((await ask("/healthz")).status).toBe(200);
    expect((await ask("/readyz")).status).toBe(200);
    expect((await site.run("status")).code).toBe(0);
  },
);
