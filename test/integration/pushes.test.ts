/** Pushes by other programs of the host, in any language: they wake a running worker at their commit. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { DEBIAN_PYTHON } from "../support/tools.ts";
import { IS_POSTGRES } from "../support/tested-store.ts";
import { SOON_MS, eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import type { Running } from "./support/running.ts";

setDefaultTimeout(30_000);

const INSERT = "INSERT INTO tq_push (model, method, instances) VALUES ('job', 'add', '[7]');";

describe("a push wakes an idle worker", () => {
  test("by tq push", async () => {
    await using site = siteWithModels();
    const worker = await site.worker();
    const [id = 0] = await site.push("job", "add", "7");
    await worker.says("task.finished", { task: id });
    const { enqueued_at, dequeued_at } = site.task(id);
    expect(Number(dequeued_at) - enqueued_at).toBeLessThan(SOON_MS);
    expect(site.effectsOf(7)).toBe(1);
  });

  needs("sqlite3").test(
    "by the shell of the database, at the commit of its own transaction",
    async () => {
      await using site = siteWithModels();
      const worker = await site.worker();
      const sale =
        "CREATE TABLE sale (id INTEGER, state TEXT); BEGIN; INSERT INTO sale VALUES (7, 'confirmed');";
      expect(await site.shell(`${sale} ${INSERT} COMMIT;`)).toMatchObject({ code: 0, stderr: "" });
      await worker.says("task.finished", { task: 1 });
      expect(site.effectsOf(7)).toBe(1);
      expect(site.all("SELECT state FROM sale")).toEqual([{ state: "confirmed" }]);
    },
  );

  needs("python3", "psycopg2").test(
    "by Python, not before its commit, and never when it rolls back",
    async () => {
      await using site = siteWithModels();
      const worker = await site.worker();
      const holding = site.spawn([DEBIAN_PYTHON, "-c", python("commit", "hold")]);
      await eventually("it has pushed", () => holding.stdout.includes("pushed"));
      expect(worker.find("task.started")).toBeUndefined();
      site.write("hold", "");
      expect(await holding.ended()).toMatchObject({ code: 0, stderr: "" });
      await worker.says("task.finished");
      expect(site.effectsOf(7)).toBe(1);

      site.write("undo", "");
      const undone = await site.spawn([DEBIAN_PYTHON, "-c", python("rollback", "undo")]).ended();
      expect(undone).toMatchObject({ code: 0, stderr: "" });
      await worker.says("task.finished", { task: await site.pushOne("job", "add", "8") });
      expect([...site.effects()]).toEqual([
        [7, 1],
        [8, 1],
      ]);
      expect(worker.count("task.started")).toBe(2);
    },
  );

  test("by HTTP beside the worker, for those who have the token", async () => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "1", "--admin", "--listen", "127.0.0.1:0"]);
    const { url } = (await worker.says("admin.listening")) as unknown as { url: string };
    const events = worker.log.map(({ event }) => event); // before all else the log has the address
    const made = IS_POSTGRES ? [] : ["store.made"];
    expect(events.slice(0, made.length + 1)).toEqual([...made, "admin.listening"]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const body = JSON.stringify({ model: "job", method: "add", instances: 7 });
    const headers = { "content-type": "application/json" };
    const post = (more: object) =>
      fetch(`${url}/api/tasks`, { method: "POST", body, headers: { ...headers, ...more } });
    expect((await post({})).status).toBe(401);
    expect((await post({ authorization: "Bearer wrong" })).status).toBe(401);
    const answer = await post({ authorization: `Bearer ${site.read("tq.token").trim()}` });
    expect(answer.status).toBe(201);
    await worker.says("task.finished", { task: 1 });
    expect([...site.effects()]).toEqual([[7, 1]]);
    worker.kill("SIGTERM");
    expect((await worker.ended()).code).toBe(0);
  });

  test("by HTTP is answered while a task computes on each thread of the worker", async () => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "2", "--admin", "--listen", "127.0.0.1:0"]);
    const { url } = (await worker.says("admin.listening")) as unknown as { url: string };
    const headers = { authorization: `Bearer ${site.read("tq.token").trim()}` };
    const post = (body: object) =>
      fetch(`${url}/api/v1/tasks`, { method: "POST", headers, body: JSON.stringify(body) });
    const endless = { model: "job", method: "loop", instances: 1 };
    expect((await post([endless, endless])).status).toBe(201);
    const states = () => [1, 2].map((id) => site.task(id).state);
    await eventually("both run", () => states().every((state) => state === "running"));
    const pushed = await post({ model: "job", method: "add", instances: 7 });
    expect(await pushed.json()).toEqual({ ids: [3] });
    const shown = await fetch(`${url}/api/v1/tasks?state=running`, { headers });
    expect(((await shown.json()) as { tasks: unknown[] }).tasks).toHaveLength(2);
    worker.kill("SIGKILL");
    await worker.ended();
  });
});

const BEGIN = IS_POSTGRES
  ? `
import psycopg2
db = psycopg2.connect(os.environ["TQ_DATABASE"])
execute = db.cursor().execute`
  : `
import sqlite3
db = sqlite3.connect("tq.db", isolation_level=None)
execute = db.execute
execute("BEGIN IMMEDIATE")`;

/** Pushes, says so, waits for the file, then ends its transaction. */
function python(end: "commit" | "rollback", file: string): string {
  return `
import os, time
${BEGIN}
execute("""${INSERT}""")
print("pushed", flush=True)
while not os.path.exists("${file}"): time.sleep(0.005)
db.${end}()
`;
}

describe("a scheduled task", () => {
  needs("sqlite3").test("starts on time on an idle worker, whoever pushed it", async () => {
    await using site = siteWithModels();
    const worker = await site.worker();
    const ours = await site.pushOne("job", "add", "1", "--scheduled-at", "300ms");
    const sql = `INSERT INTO tq_push (model, method, instances, scheduled_at)
      VALUES ('job', 'add', '2', '+0.4 seconds');`;
    expect((await site.shell(sql)).stderr).toBe("");
    for (const id of [ours, ours + 1]) {
      await worker.says("task.finished", { task: id });
      const { scheduled_at, dequeued_at } = site.task(id);
      const late = Number(dequeued_at) - Number(scheduled_at);
      expect(late).toBeGreaterThanOrEqual(0);
      expect(late).toBeLessThan(SOON_MS);
    }
  });

  test("starts on time although an earlier one was cancelled meanwhile", async () => {
    await using site = siteWithModels();
    await site.worker();
    const far = await site.pushOne("job", "add", "1", "--scheduled-at", "1h");
    const near = await site.pushOne("job", "add", "2", "--scheduled-at", "300ms");
    await site.run("cancel", String(far));
    const { scheduled_at, dequeued_at } = await site.becomes(near, "finished");
    expect(Number(dequeued_at) - Number(scheduled_at)).toBeLessThan(SOON_MS);
    expect(site.effectsOf(1)).toBe(0);
  });
});

test("the most urgent task of a crowd that is due at once is next, whoever was due first", async () => {
  await using site = siteWithModels();
  const crowd = JSON.stringify(Array.from({ length: 6_000 }, (_, index) => index + 1));
  const soon = ["--scheduled-at", "500ms"];
  await site.push("job", "linger", crowd, "--batch", "1", ...soon);
  const urgent = await site.pushOne("job", "add", "9000", "--priority", "1", ...soon);
  const { scheduled_at: due, state } = site.task(urgent);
  expect(state).toBe("scheduled");
  await eventually("all are due", () => Date.now() > Number(due));
  const worker = await site.worker(["-n", "1"]);
  const left = "SELECT id FROM tq_tasks WHERE state = 'scheduled'";
  await eventually("the next claim does the rest", () => site.all(left).length <= 500);
  site.write("go", ""); // for the one that runs, and all after it
  await worker.says("task.finished", { task: urgent });
  const ended = worker.log.filter(({ event }) => event === "task.finished");
  expect(ended.findIndex(({ task }) => task === urgent)).toBeWithin(0, 2);
});

describe("two workers on one database", () => {
  test("share two hundred tasks, and none runs twice", async () => {
    await using site = siteWithModels();
    const keys = Array.from({ length: 200 }, (_, index) => index + 1);
    const workers: Running[] = await Promise.all([
      site.worker(["-n", "2"]),
      site.worker(["-n", "2"]),
    ]);
    const args = ["--batch", "1", "--args", "[2]"];
    const ids = await site.push("job", "sleep", JSON.stringify(keys), ...args);
    expect(ids.length).toBe(200);
    await eventually("all are finished", () => site.effects().size === 200);
    expect([...site.effects().values()].every((times) => times === 1)).toBe(true);
    await eventually("both have said so", () => {
      const finished = workers.map((worker) => worker.count("task.finished"));
      return finished[0] !== 0 && finished[1] !== 0 && sum(finished) === 200;
    });
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
