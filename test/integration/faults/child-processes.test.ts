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
  static tasks = { block: { timeout: "200ms" } };
  async block() { Bun.sleepSync(60_000); }
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

test.if(process.platform === "linux")(
  "a worker that exits by itself, as a thread hangs in a native call, ends the processes of the tasks on its other threads",
  async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const env = { TQ_WORKER__TIMEOUT_GRACE: "200ms" };
    const worker = await site.worker(["-n", "2"], { env });
    const id = await site.pushOne("job", "start", "1", "--args", '["wait"]');
    await eventually("they run", () => site.has("ready"));
    await site.pushOne("job", "block", "1");
    await worker.exited;
    expect(NAMES.filter((name) => isAlive(pidIn(site, name)))).toEqual([]);
    expect(site.task(id)).toMatchObject({ state: "ready", crashes: 0 });
    process.kill(pidIn(site, "detached"), "SIGKILL");
  },
);

const ENDS = {
  "calls process.exit": "process.exit(3);",
  "throws an error that it does not catch": 'throw new Error("in the program");',
};

for (const [does, code] of Object.entries(ENDS)) {
  test.if(process.platform === "linux")(
    `a program around a worker that ${does} ends the processes of its running tasks`,
    async () => {
      await using site = new Site();
      site.write("models.ts", MODELS);
      const wait = `setInterval(() => { if (existsSync("ready")) { ${code} } }, 5);`;
      site.write(
        "app.ts",
        `import { startWorker } from "tq"; import { existsSync } from "node:fs";
         await startWorker({ models: "models.ts", threads: 1 }); ${wait}`,
      );
      const app = site.start(["run", "app.ts"]);
      await app.says("worker.started");
      await site.pushOne("job", "start", "1", "--args", '["wait"]');
      await app.exited;
      expect(NAMES.filter((name) => isAlive(pidIn(site, name)))).toEqual([]);
      process.kill(pidIn(site, "detached"), "SIGKILL");
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
