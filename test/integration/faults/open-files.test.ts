/** A process that has reached its limit of open files. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { Site, TQ } from "../support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { openSync } from "node:fs";
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  async spawn() {
    const open: number[] = [];
    try { for (;;) open.push(openSync("/dev/null")); } catch {}
    Bun.spawn(["true"], { stdout: "pipe" });
  }
}`;

const ADVICE =
  "too many open files: this process has reached its limit (200); close what is no longer used, or raise the limit with ulimit -n, or LimitNOFILE= in the unit of its service";

const limited = (command: string) => ["bash", "-c", `ulimit -n 200; exec ${command}`];

test.if(process.platform === "linux")(
  "a task that cannot start a child names the limit of open files",
  async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const worker = site.spawn(limited(`${TQ} worker -n 1`));
    await worker.says("worker.started");
    const id = await site.pushOne("job", "spawn", "1");
    const row = await site.becomes(id, "failed");
    expect(row.reason).toContain(ADVICE);
  },
);

test.if(process.platform === "linux")(
  "a database that cannot be opened for too many open files says so, not that its folder is missing",
  async () => {
    await using site = new Site();
    site.write(
      "open.ts",
      `import { openSync } from "node:fs"; import { push } from "tq";
    try { for (;;) openSync("/dev/null"); } catch {}
    await push({ model: "job", method: "spawn", instances: 1 }).catch(({ message }) => console.error(message));`,
    );
    const { stderr } = await site.spawn(limited(`${TQ} run open.ts`)).ended();
    expect(stderr).toContain("too many open files: this process has reached its limit");
    expect(stderr).not.toContain("check that the folder exists");
  },
);
