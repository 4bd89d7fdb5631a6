/** What stands still beside a worker, or holds it up: the write lock, the process itself, its terminal. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../../support/needs.ts";
import { processorTime } from "./machine.ts";
import { eventually } from "../support/eventually.ts";
import { siteWithModels } from "../support/models.ts";
import { TQ } from "../support/site.ts";
import { expectEachOnce, longEnough, LOOK_SECONDS, post, SECONDS } from "./steps.ts";

setDefaultTimeout(60_000);

needs("python3").test(
  "while another program keeps the write lock, nobody spins and nothing is lost",
  async () => {
    await using site = siteWithModels();
    const env = { TQ_DATABASE__TIMEOUT: `${SECONDS * 600}ms` };
    const worker = await site.worker(["-n", "2"], { env });
    const server = site.start(["serve", "--listen", "127.0.0.1:0"], { env });
    const { url } = await server.says("admin.listening");
    const running = await site.pushOne("job", "linger", "1");
    await worker.says("task.started", { task: running });
    await site.pushOne("job", "add", "2");
    await worker.says("task.finished", { task: running + 1 });

    const locker = site.spawn([
      "python3",
      "-c",
      `
import sqlite3, time
db = sqlite3.connect("tq.db", isolation_level=None)
db.execute("PRAGMA busy_timeout = 5000")
db.execute("BEGIN IMMEDIATE")
db.execute("INSERT INTO tq_push (model, method, instances) VALUES ('job', 'add', '3')")
print("locked", flush=True)
time.sleep(${SECONDS})
db.execute("COMMIT")
`,
    ]);
    await eventually("it is locked", () => locker.stdout.includes("locked"));
    const before = [worker, server].map(({ pid }) => processorTime(pid));
    const begun = performance.now();
    site.write("go", "");
    const busy = `Cannot write to ${site.file("tq.db")}: another program holds its lock; end that program's transaction, or raise database.timeout`;
    const [posted, pushed] = await Promise.all([
      post(site, url, 4),
      site.start(["push", "job", "add", "5"], { env }).ended(SECONDS * 1_000),
    ]);
    expect(performance.now() - begun).toBeGreaterThan(SECONDS * 500);
    expect(posted.status).toBe(503);
    expect(await posted.text()).toContain(busy.replaceAll(`${site.path}/`, "")); // a caller needs no path
    expect(pushed.code).toBe(5);
    expect(pushed.stderr).toContain(busy);
    // These wait for the rest of the time.
    const patient = await Promise.all([post(site, url, 6), site.run("push", "job", "add", "7")]);
    expect(patient.map((it) => ("status" in it ? it.status : it.code))).toEqual([201, 0]);
    const spent = performance.now() - begun;
    for (const [index, { pid }] of [worker, server].entries()) {
      expect(processorTime(pid) - (before[index] ?? 0)).toBeLessThan(spent / 5);
    }
    await eventually("all have run", () => site.effects().size === 5, SECONDS * 5_000 + 15_000);
    expectEachOnce(site, [1, 2, 3, 6, 7]);
    expect(site.task(running)).toMatchObject({ state: "finished", crashes: 0 });
  },
);

describe("a worker that is stopped for a while and continues", () => {
  test("keeps its tasks meanwhile; what was cancelled commits nothing", async () => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "2"]);
    const kept = await site.pushOne("job", "linger", "1");
    const cancelled = await site.pushOne("job", "linger", "2");
    for (const task of [kept, cancelled]) await worker.says("task.started", { task });
    await site.pauseUnlocked(worker);
    const other = await site.worker(["-n", "1"]);
    expect((await site.run("cancel", String(cancelled))).code).toBe(0);
    await site.becomes(await site.pushOne("job", "add", "3"), "finished");
    await longEnough(SECONDS); // the other one looks for dead workers again and again
    expect(site.task(kept)).toMatchObject({ state: "running", claim: 1 });
    site.write("go", "");
    worker.kill("SIGCONT");
    await site.becomes(kept, "finished");
    await eventually(
      "its run is over",
      () =>
        worker.find("task.late", { task: cancelled }) ??
        worker.find("task.cancelled", { task: cancelled }),
    );
    await site.becomes(await site.pushOne("job", "add", "4"), "finished");
    expect(other.find("worker.rescued")).toBeUndefined();
    expect(site.task(kept)).toMatchObject({ claim: 1, attempts: 1, crashes: 0 });
    expect(site.task(cancelled)).toMatchObject({ state: "cancelled", crashes: 0 });
    expectEachOnce(site, [1, 3, 4]);
  });

  test("does not count that time against a task that holds the write lock", async () => {
    await using site = siteWithModels();
    const env = { TQ_WORKER__LOCK_TIMEOUT: `${SECONDS * 500}ms` };
    const worker = await site.worker(["-n", "1"], { env });
    const id = await site.pushOne("job", "wait", "1");
    await worker.says("task.started", { task: id });
    await longEnough(LOOK_SECONDS); // it is seen with the lock
    await worker.pause();
    await longEnough(SECONDS);
    worker.kill("SIGCONT");
    await longEnough(LOOK_SECONDS);
    site.write("go", "");
    await site.becomes(id, "finished");
    expect(site.task(id)).toMatchObject({ claim: 1, crashes: 0 });
    expectEachOnce(site, [1]);
  });
});

/** Runs a command whose standard error is a terminal that shows nothing, as after Ctrl-S. */
const STOPPED_TERMINAL = `
import os, signal, subprocess, sys
_, terminal = os.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stderr=terminal)
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
sys.exit(child.wait())
`;

needs("python3").test(
  "a terminal whose output is stopped holds up neither tasks nor the end",
  async () => {
    await using site = siteWithModels();
    const worker = site.spawn(["python3", "-c", STOPPED_TERMINAL, TQ, "worker", "-n", "2"]);
    const keys = Array.from({ length: 500 }, (_, index) => index + 1);
    await site.push("job", "add", JSON.stringify(keys), "--batch", "1");
    const left = "SELECT id FROM tq_tasks WHERE state <> 'finished'";
    await eventually("all have run", () => site.all(left).length === 0);
    worker.kill("SIGTERM");
    expect((await worker.ended()).code).toBe(0);
    expectEachOnce(site, keys);
  },
);
