/** Processes that a task has started, when tq ends its thread. */
import { readFileSync } from "node:fs";
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import { Site } from "../support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { Model } from "tq";
const write = (name: string, pid = 0) => writeFileSync(name, String(pid));
export class Job extends Model {
  static override readonly __name__ = "job";
  async start(how: string) {
    if (existsSync("shell")) return; // the second run
    write("bun", Bun.spawn(["sleep", "60"]).pid);
    write("node", spawn("sleep", ["60"]).pid);
    write("detached", spawn("sleep", ["60"], { detached: true }).pid);
    write("shell", Bun.spawn(["sh", "-c", "sleep 60 & echo $! > grandchild; wait"]).pid);
    while (!existsSync("grandchild")) await Bun.sleep(2);
    write("ready");
    if (how === "exit") process.exit(3);
    if (how === "throw") setTimeout(() => { throw new Error("in a timer"); }, 1);
    await new Promise(() => {});
  }
}`;

const NAMES = ["bun", "node", "shell", "grandchild"];

for (const how of ["cancel", "stop", "exit", "throw"]) {
  test.if(process.platform === "linux")(
    `a task's processes end with its thread (${how}), but for a detached one`,
    async () => {
      await using site = new Site();
      site.write("models.ts", MODELS);
      const worker = await site.worker(["-n", "1"], { env: { TQ_WORKER__GRACE: "0s" } });
      const id = await site.pushOne("job", "start", "1", "--args", JSON.stringify([how]));
      await eventually("they run", () => site.has("ready"));
      if (how === "cancel") await site.run("cancel", String(id));
      if (how === "stop") worker.kill("SIGTERM");
      for (const name of NAMES) {
        await eventually(`the process "${name}" has ended`, () => !isAlive(pidIn(site, name)));
      }
      const detached = pidIn(site, "detached");
      expect(isAlive(detached)).toBe(true);
      process.kill(detached, "SIGKILL");
    },
  );
}

function pidIn(site: Site, name: string): number {
  return Number(readFileSync(site.file(name), "utf8"));
}

/** A process that no parent has waited for yet has ended too. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
