/**
 * Faults of the machine under a running worker: each has its sentence, loses nothing that was acknowledged,
 * and work goes on by itself when the cause is gone, or the worker ends with a status that the README has.
 */
import { chmodSync, copyFileSync, renameSync, rmSync } from "node:fs";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { OBEYING } from "../support/tools.ts";
import {
  type Disk,
  limitedDisk,
  processorTime,
  settableClock,
  smallDisk,
} from "./faults-support.ts";
import { eventually, MODELS, type Running, Site, siteWithModels, TQ } from "./support.ts";

setDefaultTimeout(60_000);

/** How long what takes its time takes: s. By hand also with `TQ_TEST_SECONDS=10`. */
const SECONDS = Number(process.env["TQ_TEST_SECONDS"] ?? 2);

/** The main thread looks at its threads four times a second: s. */
const LOOK = 0.3;

const ROOMY = { TQ_DATABASE__MIN_FREE_MB: "0" };

/** A worker, a push and the like on this disk. */
function startOn(
  disk: Disk,
  site: Site,
  args: readonly string[],
  env: Record<string, string> = {},
) {
  return site.spawn([...disk.prefix, TQ, ...args], { env: { ...ROOMY, ...env } });
}

async function workerOn(disk: Disk, site: Site, ...args: string[]): Promise<Running> {
  const worker = startOn(disk, site, ["worker", ...args]);
  await worker.says("worker.started");
  return worker;
}

/** Pushes by HTTP. */
function post(site: Site, url: unknown, instance: number): Promise<Response> {
  return fetch(`${String(url)}/api/tasks`, {
    method: "POST",
    headers: { authorization: `Bearer ${site.read("tq.token").trim()}` },
    body: JSON.stringify({ model: "job", method: "add", instances: instance }),
  });
}

/** Where that nothing happens is the subject. */
async function longEnough(seconds = 1): Promise<void> {
  await Bun.sleep(seconds * 1_000);
}

function expectEachOnce(site: Site, keys: readonly number[]): void {
  expect([...site.effects()]).toEqual(keys.map((key) => [key, 1]));
}

describe.each([
  ["that takes no more writes", limitedDisk, needs("prlimit")],
  ["that is full", smallDisk, needs("mount")],
] as const)("a disk %s", (_name, make, needed) => {
  const on = (name: string, run: (site: Site, disk: Disk) => Promise<void>) =>
    needed.test(name, async () => {
      await using site = new Site();
      using disk = make(site);
      site.write("models.ts", MODELS);
      await run(site, disk);
    });

  on(
    "refuses pushes with a sentence, keeps what it took, and takes more when it can",
    async (site, disk) => {
      const push = (key: number) =>
        startOn(disk, site, [
          "push",
          "job",
          "add",
          `${key}`,
          "--args",
          JSON.stringify(["x".repeat(30_000)]),
        ]).ended();
      const taken: number[] = [];
      for (const key of [1, 2, 3]) taken.push(Number((await push(key)).stdout));
      disk.refuse();
      const refused = await push(4);
      expect(refused).toMatchObject({ code: disk.code, stdout: "" });
      expect(refused.stderr).toContain(disk.message);
      disk.accept();
      expect(site.all<{ id: number }>("SELECT id FROM tq_tasks").map(({ id }) => id)).toEqual(
        taken,
      );
      expect((await push(5)).code).toBe(0);
      expect((await workerOn(disk, site, "-n", "2", "--drain").then((it) => it.ended())).code).toBe(
        0,
      );
      expectEachOnce(site, [1, 2, 3, 5]);
    },
  );

  on(
    "holds up what runs and what waits, says it once, and all is run when it can be",
    async (site, disk) => {
      const worker = await workerOn(disk, site, "-n", "2");
      const running = await site.pushOne("job", "linger", "1");
      await worker.says("task.started", { task: running });
      await worker.pause();
      const waiting = [2, 3, 4, 5, 6];
      for (const key of waiting) await site.pushOne("job", "add", `${key}`);
      disk.refuse(worker.pid);
      site.write("go", "");
      worker.kill("SIGCONT");
      await worker.says("store.failed");
      await longEnough(); // for a dozen tries
      expect(worker.count("store.failed")).toBeLessThanOrEqual(2); // one a thread
      expect(worker.find("store.failed")?.message).toContain(disk.message);
      expect(worker.find("store.recovered")).toBeUndefined();
      expect(worker.find("task.finished")).toBeUndefined();
      disk.accept(worker.pid);
      for (const id of [running, ...waiting]) await site.becomes(id, "finished");
      await worker.says("store.recovered");
      expectEachOnce(site, [1, ...waiting]);
      expect(site.task(running)).toMatchObject({ attempts: 1, crashes: 0 });
    },
  );

  on("is no fault of the task that meets it: it is tried again", async (site, disk) => {
    const worker = await workerOn(disk, site, "-n", "1");
    const id = await site.pushOne("job", "commitWhen", "1");
    await worker.says("task.started", { task: id });
    disk.refuse(worker.pid);
    site.write("go", "");
    await eventually("its commit was refused", () => site.has("refused"));
    disk.accept(worker.pid);
    site.write("went", "");
    await site.becomes(id, "finished");
    expectEachOnce(site, [1]);
  });

  on("ends a worker that starts on it with a sentence", async (site, disk) => {
    const id = Number((await startOn(disk, site, ["push", "job", "add", "1"]).ended()).stdout);
    disk.refuse();
    const { code, stderr } = await startOn(disk, site, ["worker"]).ended();
    expect(stderr).toContain(disk.message);
    expect(code).toBe(disk.code);
    disk.accept();
    const worker = await workerOn(disk, site, "--drain");
    expect((await worker.ended()).code).toBe(0);
    expect(site.task(id)).toMatchObject({ state: "finished", crashes: 0 });
  });
});

needs("setpriv").describe("a file that becomes read-only", () => {
  const files = ["tq.db", "tq.db-wal", "tq.db-shm"];

  /** @throws where this user writes it all the same: then nothing would be tested. */
  function protect(site: Site): () => void {
    for (const name of files) chmodSync(site.file(name), 0o444);
    const { exitCode } = Bun.spawnSync([...OBEYING, "sh", "-c", `: >> ${site.file("tq.db")}`], {
      stderr: "ignore",
    });
    if (exitCode === 0)
      throw new Error("A read-only file can be written here, also without root's rights");
    return () => files.forEach((name) => chmodSync(site.file(name), 0o644));
  }

  const message = (site: Site) =>
    `Cannot write to ${site.file("tq.db")}: the file or its folder is read-only for this user; give this user write permission`;

  test("refuses pushes and workers with a sentence; who has it open works on; all work when it is writable again", async () => {
    await using site = siteWithModels();
    const start = (...args: string[]) => site.spawn([...OBEYING, TQ, ...args]);
    const worker = start("worker", "-n", "2");
    await worker.says("worker.started");
    const server = start("serve", "--listen", "127.0.0.1:0");
    const { url } = await server.says("admin.listening");
    const running = await site.pushOne("job", "linger", "1");
    await worker.says("task.started", { task: running });

    const allow = protect(site);
    const push = await start("push", "job", "add", "2").ended();
    expect(push).toMatchObject({ code: 6, stdout: "" });
    expect(push.stderr).toContain(message(site));
    const second = await start("worker").ended();
    expect(second.code).toBe(6);
    expect(second.stderr).toContain(message(site));
    const posted = await post(site, url, 3);
    expect(posted.status).toBe(500);
    expect(await posted.text()).toContain(message(site));
    site.write("go", "");
    await worker.says("task.finished", { task: running });

    allow();
    expect((await post(site, url, 4)).status).toBe(201);
    expect((await start("push", "job", "add", "5").ended()).code).toBe(0);
    await eventually("all have run", () => site.effects().size === 3);
    expectEachOnce(site, [1, 4, 5]);
  });
});

describe("files that change behind the back of a worker and a server", () => {
  const change = {
    "the log is deleted": { file: "tq.db-wal", how: (path: string) => rmSync(path) },
    "the index of the log is deleted": { file: "tq.db-shm", how: (path: string) => rmSync(path) },
    "the database is deleted": { file: "tq.db", how: (path: string) => rmSync(path) },
    "the database is replaced": {
      file: "tq.db",
      how: (path: string) => {
        copyFileSync(path, `${path}-copy`);
        renameSync(`${path}-copy`, path);
      },
    },
  };

  test.each(Object.entries(change))(
    "%s: nothing is acknowledged any more, the worker ends",
    async (_name, { file, how }) => {
      await using site = siteWithModels();
      const message = `Cannot commit: ${site.file(file)} was deleted or replaced while it was in use; stop every program that uses the database, put the right file back, and start again`;
      const worker = await site.worker(["-n", "2"]);
      const server = site.start(["serve", "--listen", "127.0.0.1:0"]);
      const { url } = await server.says("admin.listening");
      const running = await site.pushOne("job", "linger", "1");
      await worker.says("task.started", { task: running });
      expect((await post(site, url, 2)).status).toBe(201);
      await worker.says("task.finished", { task: running + 1 });

      how(site.file(file));
      site.write("go", "");
      const posted = await post(site, url, 3);
      expect(posted.status).toBe(500);
      expect(await posted.text()).toContain(message);
      const { code, stderr } = await worker.ended();
      expect(code).toBe(6);
      expect(stderr).toContain(message);
      expect(worker.find("task.finished", { task: running })).toBeUndefined();
      expect((await post(site, url, 4)).status).toBe(500);
      server.kill("SIGTERM");
      await server.ended();

      // What was committed before may be gone, but what is there works.
      expect((await site.run("push", "job", "add", "5")).code).toBe(0);
      expect((await site.run("worker", "--drain")).code).toBe(0);
      expect(site.effectsOf(5)).toBe(1);
      expect(Math.max(...site.effects().values())).toBe(1);
    },
  );
});

needs("strace").describe("a disk that refuses to flush", () => {
  /** The first flushes of each thread work, the later ones do not. */
  const INJECT = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e"];
  const message = (site: Site) =>
    `Cannot flush ${site.file("tq.db-wal")}: Error: EIO: i/o error, fdatasync; what was committed last may be lost; see that the disk works, then start again`;

  test("acknowledges no push from then on", async () => {
    await using site = siteWithModels();
    site.write(
      "pusher.ts",
      `import { push } from "tq";
      for (let n = 1; n <= 4; n++) {
        const pushed = push({ model: "job", method: "add", instances: n });
        console.log(await pushed.then(() => "acknowledged", ({ code, message }) => \`${"$"}{code} ${"$"}{message}\`));
      }`,
    );
    const env = { TQ_QUEUE__WORKER: "true" };
    const inject = [...INJECT, "inject=fdatasync:error=EIO:when=3"];
    const { stdout } = await site.spawn([...inject, TQ, "run", "pusher.ts"], { env }).ended();
    const [first, second, ...rest] = stdout.trim().split("\n");
    expect([first, second]).toEqual(["acknowledged", "acknowledged"]);
    const refused = `database ${message(site)}`;
    expect(rest).toEqual([refused, refused]);
  });

  test("ends the worker, and a new one does what was not done, once", async () => {
    await using site = siteWithModels();
    const keys = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const key of keys) await site.pushOne("job", "add", `${key}`);
    const inject = [...INJECT, "inject=fdatasync:error=EIO:when=5+"];
    const { code, stderr } = await site.spawn([...inject, TQ, "worker", "-n", "2"]).ended();
    expect(code).toBe(6);
    expect(stderr).toContain(message(site));
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expectEachOnce(site, keys);
  });
});

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
    expect(await posted.text()).toContain(busy);
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
    await worker.pause();
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
    await longEnough(LOOK); // it is seen with the lock
    await worker.pause();
    await longEnough(SECONDS);
    worker.kill("SIGCONT");
    await longEnough(LOOK);
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

test("a worker whose proof of life was removed ends with 6, and its task is run by another one", async () => {
  await using site = siteWithModels();
  const worker = await site.worker(["-n", "1"]);
  const id = await site.pushOne("job", "linger", "1");
  await worker.says("task.started", { task: id });
  rmSync(site.file("tq.db-workers"), { recursive: true });
  const { code, stderr } = await worker.ended(15_000);
  expect(code).toBe(6);
  expect(stderr).toContain("other workers take this one for dead; start it again");
  site.write("go", "");
  expect((await site.run("worker", "--drain")).code).toBe(0);
  expectEachOnce(site, [1]);
});

needs("faketime").describe("a clock that is set a year forward and back", () => {
  const YEAR = 365 * 24 * 3_600_000;

  test("neither loses nor doubles nor delays a task, and ends none that runs", async () => {
    using clock = settableClock();
    await using site = siteWithModels();
    const { env } = clock;
    const push = async (...args: string[]) => {
      const { code, stdout, stderr } = await site.start(["push", "job", ...args], { env }).ended();
      expect(stderr).toBe("");
      expect(code).toBe(0);
      return Number(stdout);
    };
    const worker = await site.worker(["-n", "2", "--queue", "default"], { env });
    const other = await site.worker(["-n", "1", "--queue", "nothing"], { env });
    const running = await push("linger", "1");
    await worker.says("task.started", { task: running });
    const holding = await push("wait", "2"); // it keeps the write lock: its limit is 60 s
    await worker.says("task.started", { task: holding });
    expect(Math.abs(Date.now() - (site.task(holding).dequeued_at ?? 0))).toBeLessThan(60_000);
    site.write("go", "");
    for (const id of [running, holding]) await site.becomes(id, "finished");
    rmSync(site.file("go"));

    const [still, soon, far] = [
      await push("linger", "3"),
      await push("add", "4", "--scheduled-at", "30m"),
      await push("add", "5", "--scheduled-at", "9000h"),
    ];
    await worker.says("task.started", { task: still });
    clock.set("+1y");
    await site.becomes(soon, "finished"); // by the wall clock it is due
    expect(site.task(soon).finished_at).toBeGreaterThan(Date.now() + YEAR / 2);
    expect(site.task(far).state).toBe("scheduled");
    const waiting = await push("add", "6", "--queue", "later");
    const delayed = await push("add", "7", "--queue", "later", "--scheduled-at", "30m");
    expect(site.task(waiting).enqueued_at).toBeGreaterThan(Date.now() + YEAR / 2);

    clock.set("+0");
    await eventually("their times are mended", () =>
      [waiting, delayed].every((id) => site.task(id).enqueued_at <= Date.now()),
    );
    expect(site.task(waiting)).toMatchObject({ state: "ready" });
    expect(site.task(delayed).scheduled_at).toBeWithin(
      Date.now() + 1_700_000,
      Date.now() + 1_900_000,
    );
    const after = await push("add", "8", "--queue", "later");
    const drain = site.start(["worker", "-n", "1", "--queue", "later", "--drain"], { env });
    expect((await drain.ended()).code).toBe(0);
    const order = drain.log.filter(({ event }) => event === "task.finished");
    expect(order.map(({ task }) => task)).toEqual([waiting, after]);

    expect(site.task(still)).toMatchObject({ state: "running", claim: 1 });
    site.write("go", "");
    await site.becomes(still, "finished");
    await site.becomes(await push("add", "9"), "finished");
    expect(worker.find("thread.replaced")).toBeUndefined();
    expect(other.find("worker.rescued")).toBeUndefined();
    expectEachOnce(site, [1, 2, 3, 4, 6, 8, 9]);
    for (const id of [running, holding, still, soon, waiting]) {
      expect(site.task(id)).toMatchObject({ state: "finished", attempts: 1, crashes: 0 });
    }
  });
});
