/** The reasons of `tq status --check` and `/readyz`, brought about for real. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../support/eventually.ts";
import type { Site } from "../support/site.ts";
import { doctor, MODEL, namesOf, PLAIN, project } from "./support.ts";

setDefaultTimeout(60_000);

async function check(site: Site, args: readonly string[] = [], env: Record<string, string> = {}) {
  const asked = ["status", "--check", "--json", ...args];
  const { code, stdout } = await site.start(asked, { env: { ...PLAIN, ...env } }).ended();
  const answer = JSON.parse(stdout) as { status: string; findings: { check: string }[] };
  return { code, status: answer.status, reasons: namesOf(answer as never) };
}

const READY = { code: 0, status: "ready", reasons: [] };

const unready = (...reasons: string[]) => ({ code: 1, status: "not ready", reasons });

test("a worker that takes the ready tasks is ready, and the words say so", async () => {
  await using site = await project();
  expect(await check(site)).toEqual(READY); // a worker may be started again now
  waited(site);
  expect(await check(site)).toEqual(unready("no_worker_for_ready_tasks"));
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await worker.says("task.finished");
  expect(await check(site)).toEqual(READY);
  const words = await site.start(["status", "--check"], { env: PLAIN }).ended();
  expect(words).toMatchObject({ code: 0, stdout: "ready\n" });
});

test("a full queue and a full disk are not", async () => {
  await using site = await project();
  await site.worker(["-n", "1", "--queue", "default", "--queue", "mail"], { env: PLAIN });
  await site.becomes(1, "finished");
  const full = { TQ_DATABASE__MIN_FREE_MB: "1000000000" };
  expect(await check(site, [], full)).toEqual(unready("pushes_refused", "disk_below_floor"));
  using db = site.connect();
  db.run(
    "INSERT INTO tq_push (model, method, instances, scheduled_at) VALUES ('job', 'add', '1', '+1 day')",
  );
  expect(await check(site, [], { TQ_QUEUE__MAX_SIZE: "1" })).toEqual(unready("pushes_refused"));
});

test("a task that its dead worker held, and no other one puts back, is not; tq doctor names it too", async () => {
  await using site = await project();
  site.write("models.ts", HANGING);
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await site.becomes(1, "running");
  expect(await check(site)).toEqual(READY);
  worker.kill("SIGKILL");
  await worker.exited;
  using db = site.connect();
  db.run("UPDATE tq__worker SET started_at = started_at - 60000");
  expect(await check(site)).toEqual(unready("tasks_of_dead_worker"));
  expect(namesOf(await doctor(site))).toContain("dead_worker");
  await site.worker(["-n", "1"], { env: PLAIN });
  expect(await check(site)).toEqual(READY);
});

test("a scheduled task that no worker has made ready is not, and --max-wait counts it", async () => {
  await using site = await project();
  using db = site.connect();
  db.run("UPDATE tq__task SET state = 'scheduled', scheduled_at = enqueued_at - 7200000");
  expect(await check(site)).toEqual(unready("no_worker_for_ready_tasks"));
  expect(await check(site, ["--max-wait", "1h"])).toEqual(
    unready("no_worker_for_ready_tasks", "ready_too_old"),
  );
  const { stdout } = await site.start(["status"], { env: PLAIN }).ended();
  expect(stdout).toMatch(/^oldest ready +for 2 h(?: \d+ min)?, in the queue default$/m);
});

test("live workers of which none can run a task are not, also while nothing waits", async () => {
  await using site = await project();
  const worker = await site.worker(["-n", "1"], { env: PLAIN });
  await worker.says("task.finished");
  await site.pauseUnlocked(worker);
  expect(await check(site)).toEqual(unready("no_thread_can_run"));
  worker.kill("SIGCONT");
  expect(
    await eventually("it goes on", async () => {
      const found = await check(site);
      return found.code === 0 && found;
    }),
  ).toEqual(READY);
});

test("a task that has been ready for longer than --max-wait, or queue.max_wait, is not", async () => {
  await using site = await project();
  site.write("models.ts", HANGING);
  await site.worker(["-n", "1"], { env: PLAIN });
  await site.becomes(1, "running");
  const [id = 0] = await pushed(site);
  using db = site.connect();
  db.run(`UPDATE tq__task SET enqueued_at = enqueued_at - 7200000 WHERE id = ${id}`);
  expect(await check(site)).toEqual(READY);
  expect(await check(site, ["--max-wait", "3h"])).toEqual(READY);
  expect(await check(site, ["--max-wait", "1h"])).toEqual(unready("ready_too_old"));
  expect(await check(site, [], { TQ_QUEUE__MAX_WAIT: "1h" })).toEqual(unready("ready_too_old"));
  const { code, stderr } = await site.start(["status", "--max-wait", "1h"], { env: PLAIN }).ended();
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringContaining("--max-wait is for --check"),
  });
});

test("over HTTP, tq status --check and tq doctor say what the server finds", async () => {
  await using site = await project();
  const serving = site.start(["serve", "--listen", "127.0.0.1:0"], { env: PLAIN });
  const { url, token } = (await serving.says("admin.listening")) as unknown as {
    url: string;
    token: string;
  };
  waited(site);
  const there = ["--url", url, "--token-file", token];
  expect(await check(site, there)).toEqual(unready("no_worker_for_ready_tasks"));
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
    status: "not ready",
    reasons: ["no_worker_for_ready_tasks"],
  });
  const { code, stdout } = await site.start(["doctor", ...there, "--json"], { env: PLAIN }).ended();
  const answer = JSON.parse(stdout) as Parameters<typeof namesOf>[0];
  expect({ code, found: namesOf(answer) }).toEqual({ code: 1, found: ["no_worker"] });
});

test("tq status shows how old the oldest ready task is, the disk, and the models of workers", async () => {
  await using site = await project();
  site.write("models.ts", HANGING);
  await site.worker(["-n", "1"], { env: PLAIN });
  await site.becomes(1, "running");
  await pushed(site);
  using db = site.connect();
  db.run("UPDATE tq__task SET enqueued_at = enqueued_at - 7200000 WHERE state = 'ready'");
  const text = await eventually("the worker has told of its models", async () => {
    const { stdout } = await site.start(["status"], { env: PLAIN }).ended();
    return stdout.includes("models of") && stdout;
  });
  expect(text).toMatch(/^disk +[\d.]+ .B free$/m);
  expect(text).toMatch(/^oldest ready +for 2 h(?: \d+ min)?, in the queue default$/m);
  expect(text).toMatch(/^failed +0 in the last hour$/m);
});

test("tq status counts a failure of the present minute among those of the last hour", async () => {
  await using site = await project();
  site.write("models.ts", MODEL.replace("return 1", 'throw new Error("no")'));
  await site.worker(["-n", "1"], { env: PLAIN });
  await site.becomes(1, "failed");
  const { stdout } = await site.start(["status"], { env: PLAIN }).ended();
  expect(stdout).toMatch(/^failed +1 in the last hour$/m);
});

/** The task has waited for a minute. */
function waited(site: Site): void {
  using db = site.connect();
  db.run("UPDATE tq__task SET enqueued_at = enqueued_at - 60000");
}

async function pushed(site: Site): Promise<number[]> {
  const { stdout } = await site.start(["push", "job", "add", "1"], { env: PLAIN }).ended();
  return stdout.trim().split("\n").map(Number);
}

const HANGING = `
import { Model } from "tq";
export class Job extends Model {
  static override readonly __name__ = "job";
  async add() { await new Promise(() => setInterval(() => {}, 1_000)); }
}
`;
