/** SIGHUP, a closed terminal, and a program that is the first of a container. */
import { expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { needs } from "../support/needs.ts";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import { Site, TQ } from "./support/site.ts";

/** @param detached as a service manager starts it: it has no terminal */
async function runningTask(site: Site, prefix: string[], detached = false) {
  const worker = site.spawn([...prefix, TQ, "worker", "-n", "1"], { detached });
  await worker.says("worker.started");
  const id = await site.pushOne("job", "linger", "1");
  await worker.says("task.started", { task: id });
  return { worker, id };
}

const VERSIONED = (version: number) => `
import { existsSync } from "node:fs";
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  async linger() { while (!existsSync("go")) await Bun.sleep(5); return ${version}; }
  async version() { return ${version}; }
}`;

test("SIGHUP has all threads of a worker load the models anew, and what runs ends first", async () => {
  await using site = new Site();
  site.write("models.ts", VERSIONED(1));
  const { worker, id } = await runningTask(site, [], true);
  site.write("models.ts", VERSIONED(2));
  worker.kill("SIGHUP");
  await worker.says("models.loading", { reason: "SIGHUP" });
  site.write("go", "");
  expect(await site.becomes(id, "finished")).toMatchObject({ result: "1", attempts: 1 });
  await worker.says("models.loaded");
  const next = await site.pushOne("job", "version", "1");
  expect(await site.becomes(next, "finished")).toMatchObject({ result: "2" });
});

test("a task of models that the worker has not loaded yet waits for SIGHUP", async () => {
  await using site = new Site();
  site.write("models.ts", VERSIONED(1));
  const { worker, id } = await runningTask(site, [], true);
  site.write("go", "");
  await site.becomes(id, "finished");
  site.write("models.ts", VERSIONED(2).replace("async version", "async fresh"));
  const next = await site.pushOne("job", "fresh", "1");
  const { reason } = await worker.says("task.snoozed", { task: next });
  expect(reason).toContain("models.ts has changed, and the models that its worker has loaded lack");
  worker.kill("SIGHUP");
  expect(await site.becomes(next, "finished")).toMatchObject({ result: "2" });
});

/** The link `current` leads to this release. */
function release(site: Site, version: number): void {
  site.write(`r${version}/models.ts`, VERSIONED(version));
  rmSync(site.file("current"), { force: true });
  symlinkSync(`r${version}`, site.file("current"));
}

test.each([[[]], [["--models", "models.ts"]]])(
  "a worker that was started in a link to a release follows it at SIGHUP: tq worker %p",
  async (flags) => {
    await using site = new Site();
    release(site, 1);
    const script = 'cd current && exec "$0" worker -n 1 -d "$DATABASE" "$@"';
    const env = { DATABASE: site.place };
    const worker = site.spawn(["sh", "-c", script, TQ, ...flags], { detached: true, env });
    await worker.says("worker.started");
    release(site, 2);
    worker.kill("SIGHUP");
    await worker.says("models.loaded");
    const next = await site.pushOne("job", "version", "1");
    expect(await site.becomes(next, "finished")).toMatchObject({ result: "2" });
    const asked = await site
      .spawn(["sh", "-c", 'cd current && exec "$0" doctor --quick --json -d "$DATABASE"', TQ], {
        env,
      })
      .ended();
    const { findings } = JSON.parse(asked.stdout) as { findings: { check: string }[] };
    expect(findings.filter(({ check }) => check.startsWith("models"))).toEqual([]);
  },
);

test("a task that waits for newer models is due once these are loaded", async () => {
  await using site = new Site();
  site.write("models.ts", VERSIONED(1));
  const worker = await site.worker(["-n", "1"], { detached: true });
  site.write("models.ts", VERSIONED(2).replace("async version", "async fresh"));
  const next = await site.pushOne("job", "fresh", "1");
  await worker.says("task.snoozed", { task: next });
  site.sql("UPDATE tq__task SET scheduled_at = scheduled_at + 9000"); // as after some looks
  const far = site.task(next).scheduled_at ?? 0;
  worker.kill("SIGHUP");
  const { finished_at: end } = await site.becomes(next, "finished");
  expect(end).toBeLessThan(far);
});

test("a task whose method only another live worker has is left to that", async () => {
  await using site = new Site();
  site.write("models.ts", VERSIONED(1));
  site.write("newer/models.ts", VERSIONED(2).replace("async version", "async fresh"));
  const newer = await site.worker(["-n", "1", "--models", "newer/models.ts"]);
  await eventually("it has told of its models", () => {
    const [row] = site.all<{ models_at: number | null }>("SELECT models_at FROM tq_workers");
    return row?.models_at !== null;
  });
  const older = await site.worker(["-n", "1"]);
  await site.pauseUnlocked(newer);
  const id = await site.pushOne("job", "fresh", "1");
  newer.kill("SIGCONT");
  expect(await site.becomes(id, "finished")).toMatchObject({ result: "2", failures: 0 });
  await newer.end();
  const lost = await site.pushOne("job", "fresh", "1");
  await site.becomes(lost, "failed");
  await older.says("task.failed", { task: lost });
});

test("SIGHUP beside broken models changes nothing, and the log says why", async () => {
  await using site = new Site();
  site.write("models.ts", VERSIONED(1));
  const { worker, id } = await runningTask(site, [], true);
  site.write("models.ts", "export class {");
  worker.kill("SIGHUP");
  const { message } = await worker.says("models.refused");
  expect(message).toContain("Cannot load models from");
  site.write("go", "");
  expect(await site.becomes(id, "finished")).toMatchObject({ result: "1", attempts: 1 });
  const next = await site.pushOne("job", "version", "1");
  expect(await site.becomes(next, "finished")).toMatchObject({ result: "1" });
});

/** Started in a terminal, with its log in a file: what it writes to a closed terminal is lost. */
async function inTerminal(site: Site, before = "") {
  const child = Bun.spawn(["sh", "-c", `${before} exec "$0" worker -n 1 2>log`, TQ], {
    cwd: site.path,
    env: {
      ...process.env,
      ...site.variables,
      TQ_QUEUE__WORKER: "true",
      TQ_LOG__FORMAT: "json",
      TQ_LOG__LEVEL: "debug",
    },
    terminal: { cols: 80, rows: 24, data: () => {} },
  });
  const says = (event: string) =>
    eventually(event, () => site.has("log") && site.read("log").includes(`"event":"${event}"`));
  await says("worker.started");
  const id = await site.pushOne("job", "linger", "1");
  await says("task.started");
  return { child, id, says };
}

test("the end of its terminal lets what runs end, and the worker exits with 0", async () => {
  await using site = siteWithModels();
  const { child, id, says } = await inTerminal(site);
  child.terminal?.close();
  await says("worker.stopping");
  site.write("go", "");
  expect(await child.exited).toBe(0);
  expect(site.task(id)).toMatchObject({ state: "finished", attempts: 1 });
});

test("SIGHUP by hand has a worker in a terminal load its models anew", async () => {
  await using site = siteWithModels();
  const { child, says } = await inTerminal(site);
  child.kill("SIGHUP");
  await says("models.loading");
  site.write("go", "");
  await says("models.loaded");
  child.terminal?.close();
  expect(await child.exited).toBe(0);
});

test.each(["sh", "terminal"])(
  "SIGHUP has a worker that was started to outlive its terminal load its models anew: by %s",
  async (by) => {
    await using site = siteWithModels();
    const { kill, says } = await (by === "sh" ? ignoringHangUp(site) : ignoringInTerminal(site));
    kill("SIGHUP");
    await says("models.loading");
    site.write("go", "");
    await says("models.loaded");
    kill("SIGTERM");
    await says("worker.stopped");
  },
);

async function ignoringHangUp(site: Site) {
  const { worker } = await runningTask(site, ["sh", "-c", 'trap "" HUP; exec "$0" "$@"'], true);
  return {
    kill: (signal: NodeJS.Signals) => worker.kill(signal),
    says: async (event: string) => void (await worker.says(event)),
  };
}

async function ignoringInTerminal(site: Site) {
  const { child, says } = await inTerminal(site, 'trap "" HUP;');
  return { kill: (signal: NodeJS.Signals) => child.kill(signal), says };
}

test("a worker that was started to outlive its terminal goes on when that is closed", async () => {
  await using site = siteWithModels();
  const { child, id, says } = await inTerminal(site, 'trap "" HUP;');
  child.terminal?.close();
  child.kill("SIGHUP");
  site.write("go", "");
  await site.becomes(id, "finished");
  const next = await site.pushOne("job", "add", "1");
  await site.becomes(next, "finished");
  expect(site.read("log")).not.toContain("worker.stopping");
  child.kill("SIGTERM");
  await says("worker.stopped");
  expect(await child.exited).toBe(0);
});

test("SIGHUP as soon as the pid file is there leaves a worker alive, which starts", async () => {
  await using site = siteWithModels();
  const asker = site.spawn(["sh", "-c", `until [ -s pid ]; do :; done; kill -HUP "$(cat pid)"`]);
  const worker = site.start(["worker", "-n", "1", "--pidfile", "pid"], { detached: true });
  expect((await asker.ended()).code).toBe(0);
  await worker.says("worker.started");
  await worker.says("models.loading", { reason: "SIGHUP" });
  worker.kill("SIGTERM");
  expect((await worker.ended()).code).toBe(0);
  expect(site.has("pid")).toBe(false);
});

test("tq serve goes on after SIGHUP, and says that it has nothing to reload", async () => {
  await using site = siteWithModels();
  const serving = site.start(["serve", "--listen", "127.0.0.1:0"], { detached: true });
  await serving.says("admin.listening");
  serving.kill("SIGHUP");
  const { message } = await serving.says("log.note");
  expect(message).toContain("restart it for new ones");
  serving.kill("SIGTERM");
  expect((await serving.ended()).code).toBe(0);
});

test("tq serve outlives a SIGHUP while its models load, and still ends at once at SIGTERM", async () => {
  await using site = siteWithModels();
  const models = site.read("models.ts");
  const wait = `import { existsSync, writeFileSync } from "node:fs";
writeFileSync("loads", "");
while (!existsSync("go")) await Bun.sleep(5);
`;
  site.write("models.ts", `${wait}${models}`);
  const start = async () => {
    const serving = site.start(["serve", "--listen", "127.0.0.1:0"], { detached: true });
    await eventually("it loads its models", () => site.has("loads"));
    serving.kill("SIGHUP");
    await serving.says("log.note", { level: "warn" });
    return serving;
  };
  const stopped = await start();
  stopped.kill("SIGTERM");
  expect((await stopped.ended()).code).toBeNull(); // by the signal
  rmSync(site.file("loads"));
  const serving = await start();
  site.write("go", "");
  await serving.says("admin.listening");
  serving.kill("SIGTERM");
  expect((await serving.ended()).code).toBe(0);
});

needs("unshare").describe("the first program of a container", () => {
  const FIRST = ["unshare", "--pid", "--fork", "--kill-child"];

  async function child(pid: number): Promise<number> {
    const file = Bun.file(`/proc/${pid}/task/${pid}/children`);
    return eventually("it has started", async () => Number(await file.text()));
  }

  test("ends a waiting push at SIGINT", async () => {
    await using site = siteWithModels();
    const push = site.spawn([...FIRST, TQ, "push", "job", "add", "1", "--wait"]);
    await eventually("it waits", () => push.stderr.includes("Waiting"));
    process.kill(await child(push.pid), "SIGINT");
    expect((await push.ended()).code).toBe(130);
  });

  test("leaves the signal to a program that handles it", async () => {
    await using site = siteWithModels();
    site.write(
      "program.ts",
      `process.on("SIGTERM", () => { console.log("handled"); process.exit(3); });
      console.log("ready");
      setInterval(() => {}, 1_000);`,
    );
    const program = site.spawn([...FIRST, TQ, "run", "program.ts"]);
    await eventually("it is ready", () => program.stdout.includes("ready"));
    process.kill(await child(program.pid), "SIGTERM");
    expect(await program.ended()).toMatchObject({ code: 3, stdout: "ready\nhandled\n" });
  });
});
