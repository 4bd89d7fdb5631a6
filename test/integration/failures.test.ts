/** Failures that are told: exactly one task for each, and at least one alert, whatever is killed. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { onSqlite } from "../support/tested-store.ts";
import { until } from "../support/until.ts";
import type { Running } from "./support/running.ts";
import { Site } from "./support/site.ts";

setDefaultTimeout(60_000);

const MODELS = `
import { Model, ModelSQL, v } from "tq";
import { appendFileSync } from "node:fs";
export class Told extends ModelSQL("told", { key: v.number(), reason: v.string() }) {}
export class Job extends Model {
  static override readonly __name__ = "job";
  static readonly tasks = {
    fail: { onFailed: "tell" }, kill: { onFailed: "tell" }, late: { onFailed: "tell", timeout: "50ms" },
    tell: { onFailed: "tell" },
  };
  fail() { throw new Error("no " + this.id); }
  kill() { process.kill(process.pid, "SIGKILL"); }
  late() { for (;;); }
  exit() { process.exit(1); }
  async tell(failure) { await Told.create([{ key: failure.task, reason: failure.reason }]); }
}`;

/** Retries an assertion for 10 s. */
const soon = (assertion: () => unknown) => until(assertion, 10_000);

function stop(worker: Running): Promise<number> {
  worker.kill("SIGTERM");
  return worker.exited;
}

const TOLD = "SELECT key, reason FROM told ORDER BY key";

function makeSite(alert = ""): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  site.write(
    "tq.toml",
    `[worker]\nthreads = 1\nmax_crashes = 1\ntimeout_grace = "100ms"\n${alert}`,
  );
  return site;
}

function told(site: Site): { key: number; reason: string }[] {
  return site.isMade ? site.all(TOLD) : [];
}

test("a task that kills its workers is set aside, and exactly one task tells of it", async () => {
  await using site = makeSite();
  const [id = 0] = await site.push("job", "kill", "1");
  for (let crashes = 0; crashes < 3; crashes++) {
    const worker = site.start(["worker"]);
    if (crashes < 2) await worker.exited;
  }
  await soon(() => {
    expect(told(site)).toMatchObject([{ key: id }]);
  });
  expect(site.task(id)).toMatchObject({ state: "failed" });
  const { stdout } = await site.run("list", "--json");
  const calls = (JSON.parse(stdout) as { method: string }[]).map(({ method }) => method);
  expect(calls.filter((method) => method === "tell")).toHaveLength(1);
});

test("a run that a timeout ends with its thread is told as one that throws is", async () => {
  await using site = makeSite();
  await site.push("job", "late", "1");
  await site.push("job", "fail", "2");
  await site.worker();
  await soon(() => {
    const reasons = told(site).map(({ reason }) => reason);
    expect(reasons).toEqual([expect.stringContaining("Timeout"), "Error: no 2"]);
  });
});

test("of two workers with other settings the one that settles a failure decides what it pushes", async () => {
  await using site = makeSite();
  const settings = (queue: string, said: string) =>
    `[worker]\nthreads = 1\nqueues = ["${queue}"]\nmax_crashes = 1\n[tasks."job.*"]\non_failed = "${said}"\n`;
  site.write("b.toml", settings("b", "tell"));
  site.write("c.toml", settings("c", "none"));
  await site.worker(["-c", "b.toml"]);
  await site.worker(["-c", "c.toml"]);
  const ids: number[] = [];
  for (const queue of ["b", "c"]) {
    for (const method of ["fail", "exit"]) {
      ids.push(await site.pushOne("job", method, "1", "--queue", queue));
    }
  }
  await soon(() => {
    expect(ids.map((id) => site.task(id).state)).toEqual(ids.map(() => "failed"));
    expect(told(site).map(({ key }) => key)).toEqual(ids.slice(0, 2));
  });
});

/** Appends the ids of an alert's tasks to a file; `before` runs first. */
const alert = (before = "") =>
  `[alert]\nevery = "1s"\ncommand = '''${before} echo "$TQ_ALERT_COUNT:$TQ_ALERT_IDS" >> told.txt'''\n`;

const lines = (site: Site) =>
  site.has("told.txt") ? site.read("told.txt").trim().split("\n") : [];

test("of two workers on one file one tells of a failure", async () => {
  await using site = makeSite(alert());
  const workers = [await site.worker(), await site.worker()];
  const id = await site.pushOne("job", "fail", "1");
  const sent = () => workers.filter((worker) => worker.find("alert.sent", { count: 1 }));
  await soon(() => expect(sent()).toHaveLength(1));
  for (const worker of workers) expect(await stop(worker)).toBe(0);
  expect(lines(site)).toEqual([`1:${id}`]);
  expect(sent()).toHaveLength(1);
});

test("a worker that is killed while it tells of a failure loses no alert", async () => {
  await using site = makeSite(alert("echo $$ > begun; test -e go || sleep 60;"));
  const first = await site.worker();
  const id = await site.pushOne("job", "fail", "1");
  await soon(() => expect(site.has("begun") && site.read("begun")).toMatch(/\d/));
  first.kill("SIGKILL");
  await first.exited;
  expect(lines(site)).toEqual([]);
  const group = -Number(site.read("begun"));
  await soon(() => expect(() => process.kill(group, 0)).toThrow());
  site.write("go", "");
  const second = await site.worker();
  await second.says("alert.sent", { count: 1 });
  expect(lines(site)).toEqual([`1:${id}`]);
});

onSqlite("no database has a part in it").test(
  "a command that hangs holds up no task, and ends with its worker, which loses no alert",
  async () => {
    await using site = makeSite(alert("test -e go || { echo $$ > pid; sleep 1000; };"));
    const first = await site.worker(["-n", "1", "--grace", "1s"]);
    const failed = await site.pushOne("job", "fail", "1");
    await soon(() => expect(site.has("pid") && site.read("pid")).toMatch(/\d/));
    const next = await site.pushOne("job", "fail", "2");
    await first.says("task.failed", { task: next });
    const stopping = performance.now();
    expect(await stop(first)).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(10_000);
    expect(first.find("alert.failed", { count: 1 })).toBeDefined();
    const group = -Number(site.read("pid"));
    await soon(() => expect(() => process.kill(group, 0)).toThrow());
    site.write("go", "");
    const second = await site.worker();
    await second.says("alert.sent", { count: 2 });
    expect(lines(site)).toEqual([`2:${failed} ${next}`]);
  },
);
