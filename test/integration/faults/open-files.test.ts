/** A process that has reached its limit of open files. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../../support/needs.ts";
import { eventually } from "../support/eventually.ts";
import { Site, TQ } from "../support/site.ts";

setDefaultTimeout(30_000);

const MODELS = `
import { closeSync, existsSync, openSync } from "node:fs";
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  async spawn() {
    const open: number[] = [];
    try { for (;;) open.push(openSync("/dev/null")); } catch {}
    Bun.spawn(["true"], { stdout: "pipe" });
  }
  /** Leaves files open in a thread that ends. */
  async leave() {
    for (let at = 0; at < 30; at++) openSync("/dev/null");
    process.exit(1);
  }
  /** Lowers the limit of its own process, below what is open. */
  async lower() {
    try {
      Bun.spawnSync(["prlimit", "--pid", String(process.pid), "--nofile=20:20"]); // may itself meet the limit
    } finally {
      process.exit(1);
    }
  }
  async read() { closeSync(openSync("/dev/null")); }
  async wait() {
    while (!existsSync("go")) await Bun.sleep(5);
    closeSync(openSync("/dev/null"));
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

test.if(process.platform === "linux")(
  "a worker whose ended threads left files open ends before its limit, lets its tasks end, and loses none",
  async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const env = { TQ_WORKER__MAX_CRASHES: "1" };
    const worker = site.spawn(limited(`${TQ} worker -n 2`), { env });
    await worker.says("worker.started");
    const waiting = await site.pushOne("job", "wait", "1");
    await worker.says("task.started", { task: waiting });
    const others: number[] = [];
    while (!worker.find("worker.stopping")) {
      const leaving = await site.pushOne("job", "leave", "2");
      others.push(await site.pushOne("job", "read", "3"));
      await eventually("it has crashed", () => {
        return site.task(leaving).state === "failed" || worker.find("worker.stopping");
      });
    }
    site.write("go", "");
    const { code, stderr } = await worker.ended();
    expect(stderr).toMatch(
      /Cannot go on: this process has \d+ of the 200 files open that it may have, and files of ended threads stay open; start the worker again, /,
    );
    expect(code).toBe(6);
    expect(site.task(waiting)).toMatchObject({ state: "finished", crashes: 0 });
    expect((await site.run("worker", "--drain")).stderr).not.toContain("EMFILE");
    for (const id of others) expect(site.task(id).state).toBe("finished");
  },
);

needs("Linux", "prlimit").test(
  "a worker whose task lowers its limit of open files ends, and the next one runs what waits",
  async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const worker = await site.worker(["-n", "1"], { env: { TQ_WORKER__MAX_CRASHES: "1" } });
    const id = await site.pushOne("job", "lower", "1");
    const { code, stderr } = await worker.ended();
    expect(stderr).toMatch(/Cannot go on: this process has .* files open that it may have/);
    expect(code).toBe(6);
    expect(site.task(id)).toMatchObject({ state: "failed", crashes: 1 });
    const waiting = await site.pushOne("job", "read", "2");
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expect(site.task(waiting).state).toBe("finished");
  },
);
